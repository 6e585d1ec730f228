import { architectureOfSize } from '../../../shared/architecture.ts';
import type { CheckpointFacts, DatasetFacts } from '../../../shared/facts.ts';

export function hashOf(text: string): string {
  return Buffer.from(text.padEnd(32, '.')).toString('hex').slice(0, 64);
}

export function checkpointFacts(content: string, changes: Partial<CheckpointFacts> = {}): CheckpointFacts {
  return {
    sha256: hashOf(content),
    bytes: 10,
    architecture: architectureOfSize(1),
    precision: 'fp32',
    parameters: 1,
    modules: [],
    trainingState: true,
    warnings: [],
    ...changes,
  };
}

export function datasetFacts(content: string): DatasetFacts {
  return {
    manifest: hashOf(content),
    episodes: 1,
    transitions: 1,
    episodeLength: 2,
    bytes: 1,
    tasks: [],
    lineage: { source: 'import', description: '' },
  };
}
