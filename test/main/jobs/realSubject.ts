import { fileURLToPath } from 'node:url';
import { openHost } from '../../../main/host/host.ts';
import type { KillSubject } from './kills.ts';

const chunk = fileURLToPath(new URL('../../fixtures/dataset/chunk.safetensors', import.meta.url));

/** A library with the small dataset, and a real run on it that would take hours. */
export async function realSubject(home: string): Promise<KillSubject> {
  const host = await openHost({ home });
  const { client } = host;
  const { grant } = await client.request('grants.create', { paths: [chunk], use: 'read' });
  const { id } = await client.request('import.start', { grant });
  await host.idle();
  const { job } = await client.request('jobs.get', { id });
  await host.close();
  if (job.state !== 'finished') throw new Error(`the dataset was not imported: ${job.error?.detail ?? job.state}`);
  return {
    home,
    entry: fileURLToPath(new URL('../../../main/engine/main.ts', import.meta.url)),
    environment: process.env,
    kind: 'train',
    configuration: { method: 'scratch', dataset: 'chunk', batchSize: 4, steps: 1_000_000, checkpointEvery: 40 },
    longestDelay: 2000,
    random: Math.random,
  };
}
