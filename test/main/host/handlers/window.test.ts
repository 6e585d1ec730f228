import { describe, expect, it } from 'vitest';
import { Store } from '../../../../main/store/store.ts';
import { prepareLibrary, training } from '../../jobs/prepare.ts';
import { temporaryFolder } from '../../../support/temporaryFolder.ts';
import { testHost } from '../library.ts';

/** A library with stopped runs, oldest first, each with 3000 recorded steps where asked. */
async function libraryWithRuns(count: number, steps = 0): Promise<{ home: string; ids: string[] }> {
  const home = temporaryFolder();
  await prepareLibrary(home);
  const store = await Store.open(home);
  const job = { kind: 'train' as const, name: 'run', configuration: training, codeVersion: '0', steps: 40 };
  const runs = Array.from({ length: count }, () => ({ id: store.newJobId('train'), job }));
  await store.insertJobs(runs);
  for (const { id } of runs) {
    await store.supervision.requestStop(id);
    const records = Array.from({ length: steps }, (_, index) => ({
      type: 'metrics' as const,
      step: index + 1,
      values: { totalLoss: index, scale: 1 },
    }));
    if (steps > 0) await store.supervision.ingest(id, { from: 0, records, to: 1 });
  }
  await store.close();
  return { home, ids: runs.map(({ id }) => id) };
}

describe('lists', () => {
  it('come in pages, newest first, and all of them without a limit', async () => {
    const { home, ids } = await libraryWithRuns(7);
    const { client } = await testHost({}, { home });
    const newestFirst = ids.toReversed();
    for (const name of ['runs.list', 'jobs.list'] as const) {
      const first = await client.request(name, { limit: 4 });
      expect(first.map(({ id }) => id)).toEqual(newestFirst.slice(0, 4));
      const rest = await client.request(name, { limit: 4, before: first[3]?.id ?? '' });
      expect(rest.map(({ id }) => id)).toEqual(newestFirst.slice(4));
      expect((await client.request(name, {})).map(({ id }) => id)).toEqual(newestFirst);
      await expect(client.request(name, { before: 'r-0000000000' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
  });
});

describe('metrics.read', () => {
  it('keeps to the metrics, steps and number of points that are asked for', async () => {
    const { home, ids } = await libraryWithRuns(1, 3000);
    const { client } = await testHost({}, { home });
    const id = ids[0] ?? '';
    const all = await client.request('metrics.read', { id, maxPoints: 10_000 });
    expect(all.map(({ metric, pointsPerBin, steps }) => [metric, pointsPerBin, steps.length])).toEqual([
      ['scale', 1, 3000],
      ['totalLoss', 1, 3000],
    ]);
    const [coarse] = await client.request('metrics.read', { id, metrics: ['totalLoss'], maxPoints: 100 });
    expect(coarse?.pointsPerBin).toBe(32);
    expect(coarse?.steps[0]).toBe(32);
    const [tail] = await client.request('metrics.read', { id, metrics: ['totalLoss'], fromStep: 2998 });
    expect([...(tail?.steps ?? [])]).toEqual([2998, 2999, 3000]);
  });
});

describe('settings', () => {
  it('are kept in the library, with the shape of their key', async () => {
    const { client, home, close } = await testHost();
    expect(await client.request('settings.get', { key: 'runsViews' })).toEqual({ value: null });
    const value = [{ name: 'failed', query: { q: 'state:failed' } }];
    await client.request('settings.set', { key: 'runsViews', value });
    await expect(client.request('settings.set', { key: 'runsViews', value: [{ name: '' }] })).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
    });
    await close();
    const again = await testHost({}, { home });
    expect(await again.client.request('settings.get', { key: 'runsViews' })).toEqual({ value });
  });
});

describe('library.delete', () => {
  it('says what would go without deleting it', async () => {
    const { home, ids } = await libraryWithRuns(1);
    const { client } = await testHost({}, { home });
    const id = ids[0] ?? '';
    expect((await client.request('library.delete', { id, dryRun: true })).removed).toEqual([id]);
    expect(await client.request('runs.list', {})).toHaveLength(1);
    expect((await client.request('library.delete', { id })).removed).toEqual([id]);
    expect(await client.request('runs.list', {})).toEqual([]);
  });
});
