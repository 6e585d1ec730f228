import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundleEntries, bundledRunSchema } from '../../../shared/bundle.ts';
import type { HostClient } from '../../../shared/contract.ts';
import type { JobDetail } from '../../../shared/records.ts';
import { sha256OfFile } from '../../../main/files/hash.ts';
import { checkpointFile, libraryPaths } from '../../../main/files/library.ts';
import { RandomAccessFile } from '../../../main/files/reading.ts';
import { openZip } from '../../../main/formats/zip.ts';
import { storedZipChunks, type StoredEntry } from '../../../main/formats/zipWrite.ts';
import { openHost, type Host } from '../../../main/host/host.ts';
import { readJobFile } from '../../../main/jobs/folder/files.ts';
import { encodeLines } from '../../../main/jobs/folder/lines.ts';
import { jobPathsIn } from '../../../main/jobs/folder/layout.ts';
import { Store } from '../../../main/store/store.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const spins = { tasks: ['pendulum-spin'], episodes: 1, seed: 3, name: 'spins' };
const ended = ['finished', 'stopped', 'failed', 'interrupted'];

const shared = mkdtempSync(join(tmpdir(), 'decant-test-'));
afterAll(() => {
  rmSync(shared, { recursive: true, force: true, maxRetries: 3 });
});

/** The run of the first library, as that library shows it, and its bundle. */
let original: { detail: JobDetail; metrics: unknown; pairs: unknown; file: string };

async function until(client: HostClient, id: string, reached: (detail: JobDetail) => boolean): Promise<JobDetail> {
  const deadline = Date.now() + 200_000;
  while (Date.now() < deadline) {
    const detail = await client.request('jobs.get', { id });
    if (reached(detail)) return detail;
    if (ended.includes(detail.job.state)) throw new Error(`${id} ended: ${JSON.stringify(detail.job.error)}`);
    await delay(50);
  }
  throw new Error(`${id} did not get there`);
}

async function untilEnded(client: HostClient, id: string): Promise<JobDetail> {
  return until(client, id, ({ job }) => ended.includes(job.state));
}

async function collect(client: HostClient): Promise<void> {
  const { id } = await client.request('jobs.start', { kind: 'collect', config: spins });
  expect((await untilEnded(client, id)).job.state).toBe('finished');
}

async function importFile(client: HostClient, path: string): Promise<JobDetail> {
  const { grant } = await client.request('grants.create', { paths: [path], use: 'read' });
  const { id } = await client.request('import.start', { grant });
  return untilEnded(client, id);
}

async function withHost(home: string, use: (host: Host) => Promise<void>): Promise<void> {
  const host = await openHost({ home });
  try {
    await use(host);
  } finally {
    await host.close();
  }
}

const metricsOf = (client: HostClient, id: string) => client.request('metrics.read', { id, maxPoints: 1_000_000 });
const pairsOf = (client: HostClient, id: string) => client.request('metrics.pairs', { id, limit: 1000 });

beforeAll(async () => {
  const out = join(shared, 'out');
  mkdirSync(out);
  await withHost(join(shared, 'home'), async ({ client }) => {
    await collect(client);
    const config = {
      method: 'scratch',
      dataset: 'spins',
      // It is stopped, and stopped again where it came to.
      steps: 1_000_000,
      batchSize: 4,
      checkpointEvery: 1,
      keepLast: 2,
      validationEpisodes: 0,
      name: 'Ärger / 1',
    };
    const { id } = await client.request('runs.start', { config });
    await expect(client.request('bundle.start', { run: id })).rejects.toMatchObject({ code: 'IN_USE' });
    await until(client, id, ({ job }) => (job.step ?? 0) >= 5);
    await client.request('jobs.stop', { id });
    const first = await untilEnded(client, id);
    // Retention would drop it, and does not in the other library either.
    await client.request('checkpoints.pin', { id: first.checkpoints[0]?.id ?? '', pinned: true });
    await client.request('jobs.resume', { id });
    const before = (await client.request('jobs.get', { id })).job.step ?? 0;
    await until(client, id, ({ job }) => (job.step ?? 0) > before + 4);
    await client.request('jobs.stop', { id });
    await untilEnded(client, id);
    await client.request('runs.annotate', { id, notes: 'worth keeping', tags: ['a', 'b'] });
    const { grant } = await client.request('grants.create', { paths: [out], use: 'write' });
    const bundling = await client.request('bundle.start', { run: id, grant });
    const { result } = await untilEnded(client, bundling.id);
    if (result?.kind !== 'bundle') throw new Error('the bundle has no report');
    expect(result.report.file).toBe('Ärger_1.decant');
    expect(await sha256OfFile(result.report.path)).toEqual({
      bytes: result.report.bytes,
      sha256: result.report.sha256,
    });
    original = {
      detail: await client.request('jobs.get', { id }),
      metrics: await metricsOf(client, id),
      pairs: await pairsOf(client, id),
      file: result.report.path,
    };
    expect((await importFile(client, result.report.path)).result).toEqual({
      kind: 'import',
      duplicates: [id],
      runs: [],
    });
  });
});

it('brings a run into another library as it was, once, and lets it go on there', async () => {
  const home = temporaryFolder();
  const { id } = original.detail.job;
  const content = ({ checkpoints }: JobDetail) =>
    checkpoints.map(({ name, step, pinned, createdAt, facts }) => ({ name, step, pinned, createdAt, facts }));
  await withHost(home, async ({ client }) => {
    expect((await importFile(client, original.file)).result).toEqual({ kind: 'import', duplicates: [], runs: [id] });
    const copy = await client.request('jobs.get', { id });
    const { state, attempt, step, steps, name, tags, createdAt, startedAt, endedAt, error, backend, device } =
      original.detail.job;
    expect(copy.job).toMatchObject({
      ...{ state, attempt, step, steps, name, tags, createdAt, startedAt, endedAt, error, backend, device },
    });
    expect(state).toBe('stopped');
    expect(attempt).toBe(2);
    expect(copy.notes).toBe('worth keeping');
    expect(copy.config).toEqual(original.detail.config);
    expect(copy.metrics).toEqual(original.detail.metrics);
    expect(copy.replayedDifferently).toBe(original.detail.replayedDifferently);
    expect(await metricsOf(client, id)).toEqual(original.metrics);
    expect(await pairsOf(client, id)).toEqual(original.pairs);
    expect(content(copy)).toEqual(content(original.detail));
    expect(copy.checkpoints.filter(({ pinned }) => pinned)).toHaveLength(1);
    for (const { facts } of copy.checkpoints)
      expect((await sha256OfFile(checkpointFile(libraryPaths(home), facts.sha256))).sha256).toBe(facts.sha256);
    expect(copy.messages.at(-1)?.text).toContain('"spins"');

    expect((await importFile(client, original.file)).result).toEqual({ kind: 'import', duplicates: [id], runs: [] });
    expect(await client.request('runs.list', {})).toHaveLength(1);

    await client.request('jobs.resume', { id });
    expect((await untilEnded(client, id)).job.error?.code).toBe('DATASET_VANISHED');
    await collect(client);
    await client.request('jobs.resume', { id });
    const resumed = await until(client, id, ({ job }) => (job.step ?? 0) > (step ?? 0));
    expect(resumed.replayedDifferently).toBe(0);
    await client.request('jobs.stop', { id });
    await untilEnded(client, id);
  });
  // What came in a bundle is there after a restart, goes when deleted, and can come again.
  await withHost(home, async ({ client }) => {
    expect((await client.request('jobs.get', { id })).job.state).toBe('stopped');
    await client.request('library.delete', { id });
    expect((await importFile(client, original.file)).result).toMatchObject({ runs: [id] });
    expect(await metricsOf(client, id)).toEqual(original.metrics);
  });
});

/** The bundle with some of its texts changed. */
async function changed(change: (entries: Map<string, string>) => void): Promise<Uint8Array> {
  await using file = new RandomAccessFile(original.file);
  const archive = await openZip(file);
  const text = new Map<string, string>();
  const others: StoredEntry[] = [];
  for (const entry of archive.entries.values()) {
    const bytes = await archive.read(entry);
    if (entry.name.startsWith('checkpoints/')) others.push({ name: entry.name, bytes });
    else text.set(entry.name, new TextDecoder().decode(bytes));
  }
  change(text);
  const texts = [...text].map(([name, value]) => ({ name, bytes: new TextEncoder().encode(value) }));
  return Buffer.concat([...storedZipChunks([...texts, ...others])]);
}

it('goes on with the configuration that it shows', async () => {
  const file = join(temporaryFolder(), 'x.decant');
  const steps = (texts: Map<string, string>) =>
    (texts.get(bundleEntries.description) ?? '').replace(/"steps":\d+/, '"steps":401');
  writeFileSync(file, await changed((texts) => texts.set(bundleEntries.description, steps(texts))));
  const home = temporaryFolder();
  await withHost(home, async ({ client }) => {
    const { id } = original.detail.job;
    expect((await importFile(client, file)).result).toMatchObject({ runs: [id] });
    const shown = (await client.request('jobs.get', { id })).config;
    expect(shown).toMatchObject({ steps: 401 });
    const { configuration } = await readJobFile(jobPathsIn(libraryPaths(home), id));
    expect(configuration).toEqual(shown);
  });
});

it('takes nothing of a bundle that is damaged, and says so', async () => {
  const folder = temporaryFolder();
  const home = temporaryFolder();
  const whole = readFileSync(original.file);
  const write = (name: string, bytes: Uint8Array): string => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const flipped = Uint8Array.from(whole);
  const middle = Math.floor(flipped.length / 2);
  flipped[middle] = (flipped[middle] ?? 0) ^ 1;
  truncateSync(write('cut', whole), Math.floor(whole.length / 2));
  const { description, spool, job } = bundleEntries;
  const damaged: [path: string, code: string][] = [
    [write('flipped', flipped), 'BUNDLE_INVALID'],
    [join(folder, 'cut'), 'FILE_TRUNCATED'],
    [
      write(
        'newer',
        await changed((texts) => {
          texts.set(description, (texts.get(description) ?? '').replace('"formatVersion":1', '"formatVersion":2'));
        }),
      ),
      'BUNDLE_INVALID',
    ],
    [
      write(
        'spool',
        await changed((texts) => {
          texts.set(spool, (texts.get(spool) ?? '').replace('totalLoss', 'totalLess'));
        }),
      ),
      'BUNDLE_INVALID',
    ],
    [
      write(
        'size',
        await changed((texts) => {
          const facts = /("facts":\{[^{}]*?"bytes":)\d+/;
          expect(texts.get(description)).toMatch(facts);
          texts.set(
            description,
            (texts.get(description) ?? '').replace(facts, (_, before: string) => `${before}1`),
          );
        }),
      ),
      'BUNDLE_INVALID',
    ],
    [write('without', await changed((texts) => texts.delete(job))), 'BUNDLE_INVALID'],
    [
      write('empty', Buffer.concat([...storedZipChunks([{ name: description, bytes: Buffer.from('{}') }])])),
      'BUNDLE_INVALID',
    ],
    [
      write(
        'elsewhere',
        await changed((texts) => {
          const { id } = original.detail.job;
          texts.set(description, (texts.get(description) ?? '').replaceAll(id, '../../../x'));
        }),
      ),
      'BUNDLE_INVALID',
    ],
  ];
  await withHost(home, async ({ client }) => {
    for (const [path, code] of damaged) {
      const { job: ofImport } = await importFile(client, path);
      expect([path, ofImport.state, ofImport.error?.code]).toEqual([path, 'failed', code]);
    }
    expect(await client.request('runs.list', {})).toEqual([]);
    expect(await client.request('checkpoints.list', {})).toEqual([]);
    const paths = libraryPaths(home);
    const names = readdirSync(home, { recursive: true, encoding: 'utf8' });
    expect(names.filter((name) => name.endsWith('.safetensors'))).toEqual([]);
    expect(readdirSync(paths.jobs).filter((name) => name.startsWith('r-'))).toEqual([]);
  });
});

it('takes the rest of a run over that a crash left half ingested', async () => {
  const home = temporaryFolder();
  const at = '2026-01-02T03:04:05.000Z';
  const { id } = original.detail.job;
  const run = bundledRunSchema.parse({
    ...{ id, name: 'left', tags: [], notes: '', state: 'finished', error: null, codeVersion: '0', attempt: 3, step: 2 },
    ...{ createdAt: at, startedAt: at, endedAt: at, checkpoints: [], inputs: [] },
    configuration: { method: 'scratch', dataset: 'd-0000000000', steps: 2 },
  });
  const paths = jobPathsIn(libraryPaths(home), id);
  mkdirSync(paths.folder, { recursive: true });
  writeFileSync(
    paths.spool,
    encodeLines([
      { type: 'started', attempt: 3, at, fromStep: 0, backend: 'wasm' },
      { type: 'metrics', step: 1, values: { totalLoss: 4 } },
      { type: 'metrics', step: 2, values: { totalLoss: Number.NaN } },
      { type: 'ended', state: 'finished', at },
    ]),
  );
  const store = await Store.open(home);
  const importing = store.newJobId('import');
  await store.insertJobs([{ id: importing, job: { kind: 'import', name: 'i', configuration: {}, codeVersion: '0' } }]);
  await store.supervision.failQueued(importing, { code: 'ENGINE_DIED', detail: 'as the test wants it' });
  await store.supervision.ingest(importing, { from: 0, records: [{ type: 'run', run }], to: 1 });
  expect((await store.getJob(id)).state).toBe('running');
  await store.close();
  await withHost(home, async ({ client }) => {
    const { job } = await client.request('jobs.get', { id });
    expect(job).toMatchObject({ state: 'finished', attempt: 3, step: 2, endedAt: at, createdAt: at, backend: 'wasm' });
    const [loss] = await metricsOf(client, id);
    expect(loss?.last).toEqual(Float64Array.of(4, Number.NaN));
  });
});
