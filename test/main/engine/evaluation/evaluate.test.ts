import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { HostClient } from '../../../../shared/contract.ts';
import type { JobDetail } from '../../../../shared/records.ts';
import { openHost } from '../../../../main/host/host.ts';
import { temporaryFolder } from '../../../support/temporaryFolder.ts';

const chunk = fileURLToPath(new URL('../../../fixtures/dataset/chunk.safetensors', import.meta.url));

/** Resolves with the job once `right` says so. */
function when(client: HostClient, id: string, right: (detail: JobDetail) => boolean): Promise<JobDetail> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      client.request('jobs.get', { id }).then((detail) => {
        if (!right(detail)) return;
        leave();
        resolve(detail);
      }, reject);
    };
    const leave = client.subscribe((event) => {
      if (event.type === 'job' && event.job.id === id) look();
    });
    look();
  });
}

function hasEnded({ job }: JobDetail): boolean {
  return ['finished', 'stopped', 'failed', 'interrupted'].includes(job.state);
}

test('an evaluation by MPPI says how far it is, and stops', async () => {
  const host = await openHost({ home: temporaryFolder() });
  const { client } = host;
  try {
    const { grant } = await client.request('grants.create', { paths: [chunk], use: 'read' });
    await when(client, (await client.request('import.start', { grant })).id, hasEnded);
    const training = { dataset: 'chunk', method: 'scratch', steps: 1, batchSize: 4 } as const;
    const { id: run } = await client.request('runs.start', { config: training });
    const checkpoint = (await when(client, run, hasEnded)).checkpoints[0]?.id;
    const config = { checkpoint, tasks: ['pendulum-spin', 'cartpole-balance'], episodes: 1, planner: 'mppi' };
    const { id } = await client.request('jobs.start', { kind: 'evaluate', config });
    const underWay = await when(client, id, (detail) => hasEnded(detail) || (detail.job.progress?.done ?? 0) > 0);
    expect(underWay.job).toMatchObject({
      state: 'running',
      progress: { stage: 'playing', total: 1000, unit: 'steps' },
    });
    await client.request('jobs.stop', { id });
    const stopped = await when(client, id, hasEnded);
    expect(stopped.job).toMatchObject({ state: 'stopped', error: null });
    expect(stopped.result).toBeNull();
  } finally {
    await host.close();
  }
});
