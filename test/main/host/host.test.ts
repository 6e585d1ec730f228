import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { describe, expect, it } from 'vitest';
import { architectureOfSize } from '../../../shared/architecture.ts';
import { type HostEvent } from '../../../shared/contract.ts';
import { mt30Episodes, paperPresets } from '../../../shared/presets.ts';
import { tasks as allTasks } from '../../../shared/tasks.ts';
import { openHost } from '../../../main/host/host.ts';
import { libraryPaths } from '../../../main/files/library.ts';
import { Store } from '../../../main/store/store.ts';
import { prepareLibrary, training } from '../jobs/prepare.ts';
import { checkpointFacts, datasetFacts } from '../store/facts.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { testHost } from './library.ts';

const distil = { method: 'distil', dataset: 'data', teacher: 'teacher', student: { size: 1 }, steps: 5 };

/** A library with the dataset "data" and what else is put into its store before a host opens it. */
async function libraryWith(fill: (store: Store) => Promise<void>): Promise<string> {
  const home = temporaryFolder();
  await prepareLibrary(home);
  const store = await Store.open(home);
  await fill(store);
  await store.close();
  return home;
}

describe('a run', () => {
  it('goes from its configuration to metrics, checkpoints and events', async () => {
    const { client } = await testHost();
    const events: HostEvent[] = [];
    client.subscribe((event) => events.push(event));
    const { id } = await client.request('runs.start', { config: training });
    await expect.poll(async () => (await client.request('jobs.get', { id })).job.state).toBe('finished');
    const [run] = await client.request('runs.list', {});
    expect(run).toMatchObject({ id, state: 'finished', step: 40, steps: 40, config: { batchSize: 256, seed: 1 } });
    const [loss] = await client.request('metrics.read', { id: id.slice(0, 6), metrics: ['reward'], maxPoints: 1000 });
    expect(loss?.steps).toStrictEqual(Float64Array.from({ length: 40 }, (_, index) => index + 1));
    expect((await client.request('jobs.log', { id })).text).toContain('acknowledged 40');
    expect((await client.request('jobs.log', { id, maxBytes: 30 })).text).toBe('acknowledged 40\n');
    const types = () => new Set(events.map(({ type }) => type));
    await expect.poll(types).toEqual(new Set(['job', 'metrics', 'checkpoint', 'deleted']));
    await client.request('runs.annotate', { id, notes: 'good', tags: ['a'] });
    expect((await client.request('runs.list', {}))[0]).toMatchObject({ notes: 'good', tags: ['a'] });
    const { removed, bytes } = await client.request('library.delete', { id });
    expect(removed).toContain(id);
    expect(bytes).toBeGreaterThan(0);
    expect(await client.request('runs.list', {})).toEqual([]);
    await expect(client.request('jobs.get', { id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('stops when asked, and goes on when resumed', async () => {
    const { client } = await testHost({ atStep: 20, then: 'waits' });
    const { id } = await client.request('runs.start', { config: training });
    const state = async (): Promise<string> => (await client.request('jobs.get', { id })).job.state;
    await expect.poll(async () => (await client.request('jobs.get', { id })).job.step).toBeGreaterThan(3);
    await client.request('jobs.stop', { id });
    await expect.poll(state).toBe('stopped');
    await client.request('jobs.resume', { id });
    await expect.poll(state).toBe('finished');
    await expect(client.request('jobs.resume', { id })).rejects.toMatchObject({ code: 'NOT_RESUMABLE' });
  });
});

describe('a configuration', () => {
  it('is refused with all its issues, by name', async () => {
    const { client } = await testHost();
    const refused = client.request('runs.start', { config: { ...training, batchsize: 1, student: { size: 2 } } });
    await expect(refused).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(refused).rejects.toThrow(/student\.size: 2 was given; allowed: 1, 5, 19, 48, 317/);
    await expect(refused).rejects.toThrow(/batchsize: there is no such entry; allowed here: batchSize/);
    await expect(client.request('runs.start', { config: 'x' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    const collect = client.request('jobs.start', { kind: 'collect', config: { tasks: ['walk'], episodes: 1 } });
    await expect(collect).rejects.toThrow(/tasks\.0: "walk" was given; allowed: "walker-stand"/);
    expect(await client.request('jobs.list', {})).toEqual([]);
  });

  it('is refused at once where its inputs are missing or do not fit', async () => {
    const home = await libraryWith(async (store) => {
      const wide = { ...architectureOfSize(5), obsDim: 39 };
      await store.contents.addImported(null, 'wide', { ...checkpointFacts('wide'), architecture: wide });
      const many = { ...architectureOfSize(5), numTasks: 80 };
      await store.contents.addImported(null, 'many', { ...checkpointFacts('many'), architecture: many });
      await store.contents.addImported(null, 'five', {
        ...checkpointFacts('five'),
        architecture: architectureOfSize(5),
      });
    });
    const { client } = await testHost({}, { home });
    const start = (config: object): Promise<unknown> => client.request('runs.start', { config });
    await expect(start(distil)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(start({ ...distil, teacher: undefined })).rejects.toMatchObject({ code: 'TEACHER_MISSING' });
    await expect(start({ ...distil, teacher: 'wide' })).rejects.toMatchObject({
      code: 'TEACHER_MISMATCH',
      detail: expect.stringMatching(/observations of length 39, dataset d-\w+ \(data\) has 24/) as unknown,
    });
    await expect(start({ ...distil, teacher: 'many' })).rejects.toMatchObject({ code: 'TEACHER_MISMATCH' });
    const label = client.request('jobs.start', { kind: 'label', config: { dataset: 'data', teacher: 'wide' } });
    await expect(label).rejects.toMatchObject({ code: 'TEACHER_MISMATCH' });
    const init = start({ ...distil, teacher: 'five', student: { size: 1, init: 'five' } });
    await expect(init).rejects.toThrow(/student\.init: c-\w+ \(five\) is of size 5, whose/);
    expect(await client.request('jobs.list', {})).toEqual([]);
    await start({ ...distil, teacher: 'five' });
  });
});

describe('presets', () => {
  it('name what is missing, and find it by its facts', async () => {
    const { client, close, home } = await testHost();
    const presets = await client.request('presets.list', {});
    expect(presets[0]).toMatchObject({ name: 'quick', needs: [] });
    expect(presets).toHaveLength(1 + paperPresets.length);
    expect(presets.find(({ name }) => name === 'paper-distil-200k-b256-d0.4')?.needs).toEqual([
      'MT30 dataset',
      '317M teacher',
    ]);
    const missing = client.request('presets.configuration', { name: 'paper-distil-200k-b256-d0.4' });
    await expect(missing).rejects.toThrow(/MT30 dataset and 317M teacher/);
    await expect(client.request('presets.configuration', { name: 'x' })).rejects.toMatchObject({
      code: 'PRESET_UNKNOWN',
    });
    await close();

    const store = await Store.open(home);
    const returns = { min: 0, mean: 0, max: 0, histogram: [] };
    const tasks = allTasks.map(({ index, name }) => ({ task: index, name, episodes: 23_000, segments: 23, returns }));
    await store.contents.addDataset(null, 'all', { ...datasetFacts('all'), episodes: mt30Episodes, tasks });
    await store.contents.addImported(null, 'big', { ...checkpointFacts('big'), architecture: architectureOfSize(317) });
    await store.close();
    const second = await testHost({}, { home });
    const { config } = await second.client.request('presets.configuration', { name: 'paper-distil-200k-b256-d0.4' });
    expect(config).toMatchObject({
      method: 'distil',
      batchSize: 256,
      steps: 200_000,
      distillation: { coefficient: 0.4 },
    });
  });

  it('say where a coefficient is assumed', () => {
    const assumed = paperPresets.filter(({ description }) => description.includes('assumed')).map(({ name }) => name);
    expect(assumed).toEqual([
      'paper-distil-200k-b128-d0.4',
      'paper-distil-200k-b1024-d0.4',
      'paper-distil-337k-b1024-d0.4',
      'paper-distil-200k-b256-d0.4-t48',
    ]);
    expect(new Set(paperPresets.map(({ name }) => name)).size).toBe(paperPresets.length);
  });
});

it('queues the quick pour as a chain, all in one group', async () => {
  const { client } = await testHost({}, { holdQueued: true });
  const { group, jobs } = await client.request('quick.start', { seed: 7 });
  const { jobs: listed } = await client.request('groups.get', { id: group });
  expect(listed.map(({ kind }) => kind)).toEqual(['collect', 'train', 'train', 'export', 'assess']);
  const configs = await Promise.all(jobs.map(async (id) => (await client.request('jobs.get', { id })).config));
  expect(configs[2]).toMatchObject({ dataset: `job:${jobs[0] ?? ''}`, teacher: `job:${jobs[1] ?? ''}`, seed: 7 });
  expect(configs[3]).toMatchObject({ checkpoint: `job:${jobs[2] ?? ''}`, format: 'pt', precision: 'fp16' });
  for (const id of [...jobs].reverse()) await client.request('jobs.stop', { id });
});

describe('opening', () => {
  it('refuses a second host, and leaves nothing behind', async () => {
    const { home, close } = await testHost();
    await expect(openHost({ home })).rejects.toMatchObject({ code: 'LIBRARY_LOCKED' });
    const { address } = z
      .object({ address: z.string() })
      .parse(JSON.parse(readFileSync(libraryPaths(home).lock, 'utf8')));
    expect(existsSync(address)).toBe(true);
    await close();
    expect(existsSync(address)).toBe(false);
    expect(existsSync(libraryPaths(home).lock)).toBe(false);
    await (await openHost({ home })).close();
  });

  it('gives the lock up when the library cannot be opened', async () => {
    const home = await libraryWith(() => Promise.resolve());
    const { default: Database } = await import('better-sqlite3');
    const database = new Database(libraryPaths(home).database);
    database.pragma('user_version = 10000');
    database.close();
    await expect(openHost({ home })).rejects.toMatchObject({ code: 'LIBRARY_NEWER' });
    expect(existsSync(libraryPaths(home).lock)).toBe(false);
  });

  it('leaves what was queued alone when it lives for one command, until that is resumed', async () => {
    const slow = await testHost({ atStep: 20, then: 'waits' });
    const first = await slow.client.request('runs.start', { config: training });
    const second = await slow.client.request('runs.start', { config: training });
    await expect
      .poll(async () => (await slow.client.request('jobs.get', { id: first.id })).job.step)
      .toBeGreaterThan(3);
    await slow.close();
    const { client, idle } = await testHost({}, { home: slow.home, holdQueued: true });
    const stateOf = async (id: string): Promise<string> => (await client.request('jobs.get', { id })).job.state;
    expect(await stateOf(first.id)).toBe('interrupted');
    await idle();
    expect(await stateOf(second.id)).toBe('queued');
    await client.request('jobs.resume', { id: second.id });
    await expect.poll(() => stateOf(second.id)).toBe('finished');
  });
});

it('says what works here', async () => {
  const probe = [{ name: 'wasm', label: 'WebAssembly', works: true, automatic: true, reason: 'yes', action: null }];
  const { client, home } = await testHost({}, { probeBackends: () => Promise.resolve(probe) });
  const report = await client.request('doctor', {});
  expect(report).toMatchObject({ home, node: process.version, backends: probe });
  expect(report.freeDiskBytes).toBeGreaterThan(0);
});
