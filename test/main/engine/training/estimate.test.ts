import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { architectureOfSize } from '../../../../shared/architecture.ts';
import { memoryNeed } from '../../../../main/engine/training/memory.ts';
import { openHost } from '../../../../main/host/host.ts';
import { ended, finished } from '../../../support/jobEnds.ts';
import { temporaryFolder } from '../../../support/temporaryFolder.ts';

const chunk = fileURLToPath(new URL('../../../fixtures/dataset/chunk.safetensors', import.meta.url));

test('an estimate counts a teacher that labels on the fly with each update', async () => {
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

test('what does not fit is refused before anything of it begins, and an estimate of it says the same', async () => {
  const host = await openHost({ home: temporaryFolder() });
  const { client } = host;
  try {
    const { grant } = await client.request('grants.create', { paths: [chunk], use: 'read' });
    await finished(client, (await client.request('import.start', { grant })).id);
    const config = { method: 'scratch', dataset: 'chunk', student: { size: 317 }, batchSize: 65_536 } as const;
    for (const request of ['runs.start', 'runs.estimate'] as const) {
      const { job, checkpoints, metrics } = await ended(client, (await client.request(request, { config })).id);
      expect(job).toMatchObject({ state: 'failed', error: { code: 'MEMORY_INSUFFICIENT' } });
      expect(job.error?.detail).toMatch(/^it needs about \d+\.\d GB \(.*GB for a batch.*\), \d+\.\d GB are free$/);
      expect([checkpoints, metrics]).toEqual([[], {}]);
    }
    const fitting = { ...config, student: { size: 1 }, batchSize: 4, backend: 'wasm', steps: 2 } as const;
    const { result } = await finished(client, (await client.request('runs.estimate', { config: fitting })).id);
    if (result?.kind !== 'estimate') throw new Error('the job has no estimate');
    const work = { architecture: architectureOfSize(1), batchSize: 4, horizon: 3, dropout: true };
    const { memoryBytes, freeMemoryBytes } = result.estimate;
    expect(memoryBytes).toBeCloseTo(memoryNeed(work, 'eager').totalBytes, 0);
    expect(memoryBytes).toBeLessThan(freeMemoryBytes);
  } finally {
    await host.close();
  }
}, 120_000);
