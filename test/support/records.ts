import { runConfigurationSchema } from '../../shared/configuration.ts';
import type { JobRecord, RunRecord } from '../../shared/records.ts';

/** A run in its first steps, as the library tells of it. */
export function jobRecord(id: string, changes: Partial<JobRecord> = {}): JobRecord {
  return {
    id,
    kind: 'train',
    name: id,
    group: null,
    ordinal: 1,
    position: 1,
    state: 'running',
    step: 0,
    steps: 100,
    attempt: 1,
    progress: null,
    createdAt: '2026-01-01T00:00:00Z',
    startedAt: '2026-01-01T00:00:01Z',
    endedAt: null,
    error: null,
    backend: 'wasm',
    device: 'cpu',
    tags: [],
    ...changes,
  };
}

export function runRecord(id: string, changes: Partial<RunRecord> = {}): RunRecord {
  const config = runConfigurationSchema.parse({ method: 'scratch', dataset: 'd-1' });
  return { ...jobRecord(id), kind: 'train', config, metrics: {}, notes: '', ...changes };
}
