import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type RunConfigurationInput } from '../../../../shared/configuration.ts';
import type { HostClient } from '../../../../shared/contract.ts';
import type { JobDetail } from '../../../../shared/records.ts';
import { openHost } from '../../../../main/host/host.ts';
import { ended, finished } from '../../../support/jobEnds.ts';
import { temporaryFolder } from '../../../support/temporaryFolder.ts';

const chunk = fileURLToPath(new URL('../../../fixtures/dataset/chunk.safetensors', import.meta.url));

async function start(client: HostClient, config: RunConfigurationInput): Promise<string> {
  return (await client.request('runs.start', { config })).id;
}

/** Waits for metrics of a later step. */
async function beyond(client: HostClient, id: string, step: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const leave = client.subscribe((event) => {
      if (event.type !== 'metrics' || event.id !== id || event.step <= step) return;
      leave();
      resolve();
    });
  });
}

async function stop(client: HostClient, id: string): Promise<JobDetail> {
  await client.request('jobs.stop', { id });
  const detail = await ended(client, id);
  expect(detail.job.state).toBe('stopped');
  return detail;
}

/** What a run computed: the content of its last checkpoint. */
function lastContent(detail: JobDetail): string | undefined {
  return detail.checkpoints.at(-1)?.facts.sha256;
}

const base = { dataset: 'chunk', batchSize: 4, steps: 8, checkpointEvery: 4, seed: 7 } as const;

test('real runs: equal seeds give equal bits, stopping and resuming changes none', async () => {
  const host = await openHost({ home: temporaryFolder() });
  const { client } = host;
  try {
    const { grant } = await client.request('grants.create', { paths: [chunk], use: 'read' });
    await finished(client, (await client.request('import.start', { grant })).id);
    const teacherRun = await start(client, { ...base, method: 'scratch', steps: 2, seed: 1 });
    const teacher = (await finished(client, teacherRun)).checkpoints.at(-1)?.id ?? '';
    const distil = { ...base, method: 'distil', teacher } as const;
    const labelsNow = async () => (await client.request('datasets.list', {}))[0]?.labels;

    expect(await labelsNow()).toEqual([]);
    const first = await finished(client, await start(client, distil));
    const [counted] = (await labelsNow()) ?? [];
    expect(counted).toMatchObject({ teacher });
    expect(counted?.done).toBeGreaterThan(0);
    expect(counted?.done).toBeLessThan(counted?.total ?? 0);
    const second = await finished(client, await start(client, distil));
    expect(first.job.step).toBe(8);
    expect(lastContent(second)).toBe(lastContent(first));
    expect(first.metrics['distillationLoss']?.last).toBe(second.metrics['distillationLoss']?.last);
    const otherSeed = await finished(client, await start(client, { ...distil, seed: 8 }));
    expect(lastContent(otherSeed)).not.toBe(lastContent(first));

    // Stopped twice, wherever it has come to by then: one that goes there at once gets to the same state.
    const stopped = await start(client, { ...distil, steps: 1_000_000, name: 'stopped' });
    await beyond(client, stopped, 0);
    const half = (await stop(client, stopped)).job.step ?? 0;
    expect(half).toBeGreaterThan(0);
    await client.request('jobs.resume', { id: stopped });
    await beyond(client, stopped, half);
    const resumed = await stop(client, stopped);
    const steps = resumed.job.step ?? 0;
    expect(steps).toBeGreaterThan(half);
    expect(resumed.job.attempt).toBe(2);
    expect(resumed.replayedDifferently).toBe(0);
    const uninterrupted = await finished(client, await start(client, { ...distil, steps, name: 'whole' }));
    expect(lastContent(resumed)).toBe(lastContent(uninterrupted));

    const { id: label } = await client.request('jobs.start', { kind: 'label', config: { dataset: 'chunk', teacher } });
    await finished(client, label);
    expect(await labelsNow()).toEqual([{ ...counted, done: counted?.total }]);

    const fresh = await finished(client, await start(client, { ...distil, labels: 'onTheFly' }));
    const cached = first.metrics['distillationLoss']?.last ?? Number.NaN;
    expect(fresh.metrics['distillationLoss']?.last).toBeCloseTo(cached, 6);
  } finally {
    await host.close();
  }
});
