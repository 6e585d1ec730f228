import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { HostClient } from '../../../../shared/contract.ts';
import type { JobDetail } from '../../../../shared/records.ts';
import { openHost } from '../../../../main/host/host.ts';
import { temporaryFolder } from '../../../support/temporaryFolder.ts';

const chunk = fileURLToPath(new URL('../../../fixtures/dataset/chunk.safetensors', import.meta.url));

async function finished(client: HostClient, id: string): Promise<JobDetail> {
  const detail = await new Promise<JobDetail>((resolve, reject) => {
    const look = (): void => {
      client.request('jobs.get', { id }).then((found) => {
        if (!['finished', 'stopped', 'failed', 'interrupted'].includes(found.job.state)) return;
        leave();
        resolve(found);
      }, reject);
    };
    const leave = client.subscribe((event) => {
      if (event.type === 'job' && event.job.id === id) look();
    });
    look();
  });
  expect(detail.job.error).toBeNull();
  return detail;
}

test('an estimate counts a teacher that labels on the fly with each update', { timeout: 120_000 }, async () => {
  const host = await openHost({ home: temporaryFolder() });
  const { client } = host;
  try {
    const { grant } = await client.request('grants.create', { paths: [chunk], use: 'read' });
    await finished(client, (await client.request('import.start', { grant })).id);
    const base = { dataset: 'chunk', batchSize: 4, seed: 7 } as const;
    const { id } = await client.request('runs.start', { config: { ...base, method: 'scratch', steps: 2 } });
    const teacher = (await finished(client, id)).checkpoints.at(-1)?.id ?? '';
    const estimated = async (labels: 'cached' | 'onTheFly') => {
      const config = { ...base, method: 'distil', teacher, labels, steps: 8 } as const;
      const { result } = await finished(client, (await client.request('runs.estimate', { config })).id);
      if (result?.kind !== 'estimate') throw new Error('the job has no estimate');
      return result.estimate;
    };
    const cached = await estimated('cached');
    expect(cached.windowsToLabel).toBeGreaterThan(0);
    expect(cached.teacherSecondsPerStep).toBe(0);
    const fresh = await estimated('onTheFly');
    expect(fresh.windowsToLabel).toBe(0);
    expect(fresh.teacherSecondsPerStep).toBeGreaterThan(0);
    expect(fresh.teacherSecondsPerStep).toBeLessThan(fresh.secondsPerStep);
  } finally {
    await host.close();
  }
});
