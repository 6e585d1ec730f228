import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { HostClient, HostEvent } from '../../../../shared/contract.ts';
import type { Freeable, LibraryUsage } from '../../../../shared/diskUse.ts';
import { checkpointFile, jobFolder, labelFile, manifestFile, segmentFolder } from '../../../../main/files/library.ts';
import { findFreeable } from '../../../../main/host/disk/freeable.ts';
import { scanLibrary } from '../../../../main/host/disk/usage.ts';
import { markTaken } from '../../../../main/host/disk/taken.ts';
import { serveWeb } from '../../../../main/host/transport/serve.ts';
import { Store } from '../../../../main/store/store.ts';
import { training } from '../../jobs/prepare.ts';
import { checkpointFacts, hashOf } from '../../store/facts.ts';
import { testHost } from '../library.ts';
import { contentOf, filledLibrary, writeBytes } from './library.ts';

const usageOf = (client: HostClient): Promise<LibraryUsage> => client.request('library.usage', {});
const free = (client: HostClient, ...what: string[]) => client.request('library.free', { what });

function only(usage: LibraryUsage, kind: Freeable['kind']): Freeable[] {
  return usage.freeable.filter((item) => item.kind === kind);
}

/** The bytes of every file below a folder. */
function bytesBelow(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

test('counts each kind to the byte, and all of the library', async () => {
  const { home, paths } = await filledLibrary();
  const { client } = await testHost({}, { home });
  const { bytes, freeDiskBytes, home: named } = await usageOf(client);
  expect(named).toBe(home);
  expect(freeDiskBytes).toBeGreaterThan(0);
  expect(bytes).toMatchObject({ checkpoints: 7000 + 1010 + 1020 + 1030 + 1040 + 600, labels: 240, backups: 180 });
  expect(bytes.jobs).toBe(11 + 90 + 5);
  expect(bytes.datasets).toBe(3500 + bytesBelow(paths.manifests));
  const locks = readdirSync(home).filter((name) => name.startsWith('lock'));
  expect(bytes.other).toBe(locks.reduce((sum, name) => sum + statSync(join(home, name)).size, 33));
  const all = Object.values(bytes).reduce((sum, one) => sum + one, 0);
  expect(all).toBe(bytesBelow(home));
  // A folder of somebody else's is not looked into.
  writeBytes(join(home, 'holiday', 'film.mp4'), 12_345);
  expect(await usageOf(client)).toMatchObject({ bytes: { other: bytes.other } });
});

test('an empty library has nothing to free', async () => {
  const { client } = await testHost();
  expect((await usageOf(client)).freeable).toEqual([]);
});

test('frees the labels of a teacher, which no dataset shows any more', async () => {
  const { home, paths, teacher } = await filledLibrary();
  const { client } = await testHost({}, { home });
  const events: HostEvent[] = [];
  client.subscribe((event) => events.push(event));
  const before = await usageOf(client);
  expect(only(before, 'labels')).toMatchObject([{ name: 'Labels of teacher', bytes: 240, blocked: null }]);
  expect(await free(client, `labels:${teacher}`)).toEqual({ bytes: 240, laterBytes: 0 });
  expect(existsSync(labelFile(paths, teacher, hashOf('shared')))).toBe(false);
  expect(existsSync(checkpointFile(paths, teacher))).toBe(true);
  expect((await client.request('datasets.list', {}))[0]?.labels).toEqual([]);
  expect(events).toMatchObject([{ type: 'dataset', dataset: { labels: [] } }]);
  const after = await usageOf(client);
  expect(after.bytes).toMatchObject({ labels: 0, checkpoints: before.bytes.checkpoints, jobs: before.bytes.jobs });
});

test('offers an export once its file was taken, and frees its job', async () => {
  const { home, paths, exportJob, exportFile } = await filledLibrary();
  const { client } = await testHost({}, { home });
  expect(only(await usageOf(client), 'exports')).toEqual([]);
  await markTaken(exportFile);
  expect(only(await usageOf(client), 'exports')).toMatchObject([{ id: `export:${exportJob}`, bytes: 95 }]);
  expect(await free(client, `export:${exportJob}`)).toEqual({ bytes: 95, laterBytes: 0 });
  expect(existsSync(jobFolder(paths, exportJob))).toBe(false);
  expect((await client.request('jobs.list', {})).map(({ id }) => id)).not.toContain(exportJob);
  expect((await usageOf(client)).bytes.jobs).toBe(11);
});

test('a download takes an export, asking for its size does not', async () => {
  const { home, exportJob } = await filledLibrary();
  const { client, core } = await testHost({}, { home });
  const web = await serveWeb(core, { home });
  try {
    const address = `http://127.0.0.1:${web.port}/exports/${exportJob}?token=${web.token}`;
    expect((await fetch(address, { method: 'HEAD' })).status).toBe(200);
    expect(only(await usageOf(client), 'exports')).toEqual([]);
    expect((await (await fetch(address)).arrayBuffer()).byteLength).toBe(90);
    // The mark is set once the last byte went out.
    await vi.waitFor(async () => expect(only(await usageOf(client), 'exports')).toHaveLength(1), 120_000);
  } finally {
    await web.close();
  }
});

test('a file that was saved to a folder of the person gets no mark beside it', async () => {
  const { home } = await filledLibrary();
  writeBytes(join(home, 'elsewhere', 'teacher.pt'), 1);
  await markTaken(join(home, 'elsewhere', 'teacher.pt'));
  expect(readdirSync(join(home, 'elsewhere'))).toEqual(['teacher.pt']);
});

test('frees training checkpoints that are neither last, best nor pinned', async () => {
  const { home, paths, checkpoints } = await filledLibrary();
  const { client } = await testHost({}, { home });
  const [first = '', best = '', third = '', last = ''] = checkpoints;
  expect(only(await usageOf(client), 'checkpoints').map(({ id }) => id)).toEqual(
    [first, third].map((id) => `checkpoint:${id}`),
  );
  await client.request('checkpoints.pin', { id: first, pinned: true });
  expect(only(await usageOf(client), 'checkpoints')).toMatchObject([{ id: `checkpoint:${third}`, bytes: 1030 }]);
  for (const kept of [first, best, last])
    await expect(free(client, `checkpoint:${third}`, `checkpoint:${kept}`)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  // A refusal leaves all of it.
  expect(existsSync(checkpointFile(paths, contentOf(30)))).toBe(true);
  expect(await free(client, `checkpoint:${third}`)).toEqual({ bytes: 1030, laterBytes: 0 });
  const left = [10, 20, 30, 40].filter((step) => existsSync(checkpointFile(paths, contentOf(step))));
  expect(left).toEqual([10, 20, 40]);
  const ids = (await client.request('checkpoints.list', {})).map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining([first, best, last]));
  expect(ids).not.toContain(third);
});

test('a file whose row came while the library was looked at is not offered as one of nobody', async () => {
  const { home, paths } = await filledLibrary();
  const store = await Store.open(home);
  onTestFinished(() => store.close());
  const id = store.newJobId('train');
  await store.insertJobs([{ id, job: { kind: 'train', name: 'late', configuration: training, codeVersion: '0' } }]);
  await store.supervision.markRunning(id);
  writeBytes(checkpointFile(paths, contentOf(50)), 1050);
  const scan = await scanLibrary({ library: paths, store });
  // The rows are read, and only then the run's last words come in.
  const rows = await store.contents.listCheckpoints();
  vi.spyOn(store.contents, 'listCheckpoints').mockResolvedValueOnce(rows);
  const facts = checkpointFacts('step 50', { bytes: 1050 });
  const at = new Date().toISOString();
  await store.supervision.ingest(id, {
    from: 0,
    records: [
      { type: 'checkpoint', step: 50, facts },
      { type: 'ended', state: 'finished', at },
    ],
    to: 1,
  });
  const found = (await findFreeable({ library: paths, store }, scan)).map(({ freeable }) => freeable);
  const leftovers = found.filter(({ kind }) => kind === 'leftovers');
  expect(leftovers.map(({ id: name }) => name)).toContain(`file:${contentOf(50)}`);
  expect(leftovers.filter(({ blocked }) => blocked === null)).toEqual([]);
});

test('a checkpoint that a job read is kept', async () => {
  const { home, checkpoints } = await filledLibrary();
  const { client, idle } = await testHost({}, { home });
  const used = checkpoints[0] ?? '';
  await client.request('export.start', { checkpoint: used, format: 'pt', precision: 'fp16' });
  await idle();
  expect(only(await usageOf(client), 'checkpoints')).toMatchObject([{ id: `checkpoint:${checkpoints[2] ?? ''}` }]);
});

test('frees files that no row names, and of a shared segment nothing', async () => {
  const { home, paths, orphanManifest } = await filledLibrary();
  const { client } = await testHost({}, { home });
  const before = await usageOf(client);
  const size = statSync(manifestFile(paths, orphanManifest)).size;
  const items = only(before, 'leftovers');
  expect(items.map(({ bytes }) => bytes)).toEqual([600, 500 + size]);
  expect(await free(client, ...items.map(({ id }) => id))).toEqual({ bytes: 1100 + size, laterBytes: 0 });
  expect(existsSync(checkpointFile(paths, hashOf('nobody')))).toBe(false);
  expect(existsSync(manifestFile(paths, orphanManifest))).toBe(false);
  expect(existsSync(segmentFolder(paths, hashOf('lonely')))).toBe(false);
  expect(existsSync(segmentFolder(paths, hashOf('shared')))).toBe(true);
  const after = await usageOf(client);
  expect(after.bytes.datasets).toBe(before.bytes.datasets - 500 - size);
  expect(after.bytes.checkpoints).toBe(before.bytes.checkpoints - 600);
  expect(only(after, 'leftovers')).toEqual([]);
});

test('keeps the newest backup of the database', async () => {
  const { home, paths } = await filledLibrary();
  const { client } = await testHost({}, { home });
  const items = only(await usageOf(client), 'backups');
  expect(items.map(({ bytes }) => bytes)).toEqual([60, 50]);
  expect(await free(client, ...items.map(({ id }) => id))).toEqual({ bytes: 110, laterBytes: 0 });
  expect(readdirSync(paths.backups)).toEqual(['decant-version-1-2026-03-01.sqlite']);
});

test('refuses what a running job needs, and lets go of files when it has ended', async () => {
  const { home, paths, teacher, checkpoints } = await filledLibrary();
  const { client, idle } = await testHost({ stepMilliseconds: 5 }, { home });
  const config = { method: 'distil', dataset: 'data', teacher: 'teacher', student: { size: 1 }, steps: 100_000 };
  const begun = new Promise<void>((resolve) => {
    client.subscribe((event) => {
      if (event.type === 'metrics') resolve();
    });
  });
  const { id } = await client.request('runs.start', { config });
  await begun;
  const usage = await usageOf(client);
  expect(only(usage, 'labels')[0]?.blocked).toContain(id);
  for (const item of [...only(usage, 'labels'), ...only(usage, 'leftovers')])
    await expect(free(client, item.id)).rejects.toThrow(new RegExp(`still needs this entry.*${id}`));
  expect(existsSync(labelFile(paths, teacher, hashOf('shared')))).toBe(true);
  expect(existsSync(checkpointFile(paths, hashOf('nobody')))).toBe(true);
  expect(await free(client, `checkpoint:${checkpoints[0] ?? ''}`)).toEqual({ bytes: 0, laterBytes: 1010 });
  await client.request('jobs.stop', { id });
  await idle();
  expect(existsSync(checkpointFile(paths, contentOf(10)))).toBe(false);
  expect(await free(client, `labels:${teacher}`)).toEqual({ bytes: 240, laterBytes: 0 });
});
