import { mkdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { setFaultHook } from '../../../main/files/faults.ts';
import { readNpy } from '../../../main/formats/npy.ts';
import { importDataset } from '../../../main/data/importDataset.ts';
import { loadManifest } from '../../../main/data/manifest.ts';
import { recognise } from '../../../main/data/recognise.ts';
import { removeUnreferencedSegments } from '../../../main/data/segment.ts';
import { columnFile, readSegmentInfo } from '../../../main/data/segmentInfo.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import {
  everythingIn,
  failure,
  fixtureChunks,
  makeChunk,
  temporaryLibrary,
  valueAt,
  writeChunk,
  type Chunk,
} from './support.ts';

afterEach(() => setFaultHook(undefined));

describe('importDataset', () => {
  it('gives the same version for the same episodes in every layout, and says that it had them', async () => {
    const paths = temporaryLibrary();
    const results = [];
    for (const chunk of fixtureChunks) {
      expect(await recognise(chunk)).toBe('dataset');
      results.push(await importDataset(paths, [chunk]));
    }
    expect(new Set(results.map(({ facts }) => facts.manifest)).size).toBe(1);
    expect(results.map(({ existed }) => existed)).toEqual([false, true, true, true]);
    expect(results[0]?.facts).toMatchObject({
      episodes: 6,
      transitions: 66,
      episodeLength: 12,
      lineage: { source: 'import', description: 'tensordict_0.4.pt' },
    });
    expect(results[0]?.facts.tasks.map(({ name, episodes, segments }) => [name, episodes, segments])).toEqual([
      ['cheetah-run', 3, 1],
      ['pendulum-swingup', 3, 1],
    ]);
  });

  it('groups by task in order, cuts to the task’s dimensions and keeps entry 0 as NaN', async () => {
    const paths = temporaryLibrary();
    const chunk = await writeChunk(join(temporaryFolder(), 'a.safetensors'), makeChunk([7, 3, 7]));
    const { facts } = await importDataset(paths, [chunk]);
    const manifest = await loadManifest(paths, facts.manifest);
    const pendulum = manifest.segments[1];
    if (pendulum === undefined) throw new Error('no second segment');
    expect(pendulum).toMatchObject({ task: 7, episodes: 2 });
    const obs = await readNpy(columnFile(paths, pendulum.sha256, 'obs'));
    expect(obs.shape).toEqual([2, 12, 3]);
    expect(obs.data[(12 + 5) * 3 + 2]).toBe(valueAt(0, 2, 5, 2));
    const action = await readNpy(columnFile(paths, pendulum.sha256, 'action'));
    expect([action.shape, action.data[12], action.data[13]]).toEqual([[2, 12, 1], NaN, -valueAt(0, 2, 1, 0)]);
    const reward = await readNpy(columnFile(paths, pendulum.sha256, 'reward'));
    expect([reward.shape, reward.data[0]]).toEqual([[2, 12], NaN]);
    const { returns } = await readSegmentInfo(paths, pendulum.sha256);
    const expected = Array.from({ length: 11 }, (_, index) => valueAt(0, 2, index + 1, 0) / 4);
    expect(returns[1]).toBeCloseTo(
      expected.reduce((sum, value) => sum + value),
      6,
    );
  });

  it('takes a folder by name order, seals after 1,000 episodes, and does not care where chunks are cut', async () => {
    const folder = temporaryFolder();
    const tasks = new Array<number>(1003).fill(29);
    await mkdir(join(folder, 'cut'));
    await writeChunk(join(folder, 'cut', 'chunk_1.safetensors'), makeChunk(tasks.slice(700), 5, 700));
    await writeChunk(join(folder, 'cut', 'chunk_0.safetensors'), makeChunk(tasks.slice(0, 700), 5));
    const whole = await writeChunk(join(folder, 'whole.safetensors'), makeChunk(tasks, 5));
    const paths = temporaryLibrary();
    const progress: number[][] = [];
    const cut = await importDataset(paths, [join(folder, 'cut')], {
      onProgress: (done, total) => progress.push([done, total]),
    });
    expect((await loadManifest(paths, cut.facts.manifest)).segments.map(({ episodes }) => episodes)).toEqual([1000, 3]);
    expect(progress.at(-1)).toEqual([1003, 1003]);
    expect(await importDataset(paths, [whole])).toMatchObject({
      existed: true,
      facts: { manifest: cut.facts.manifest },
    });
  });

  const spoilt: [string, string, RegExp, (chunk: Chunk) => void][] = [
    [
      'a NaN reward',
      'DATASET_NAN',
      /bad\.safetensors: episode 1, entry 3: "reward" is NaN/,
      (c) => (c.reward[15] = NaN),
    ],
    ['an infinite action', 'DATASET_NAN', /episode 0, entry 1: "action"/, (c) => (c.action[6] = Infinity)],
    ['a NaN observation in entry 0', 'DATASET_NAN', /episode 1, entry 0: "obs"/, (c) => (c.obs[12 * 24] = NaN)],
    [
      'padding that is not zero',
      'DATASET_INVALID',
      /entry 2: "obs" has 1 at position 20/,
      (c) => (c.obs[2 * 24 + 20] = 1),
    ],
    ['a task that changes', 'DATASET_INVALID', /episode 1, entry 7: "task" changes/, (c) => (c.task[12 + 7] = 4n)],
    ['a task that MT30 does not have', 'DATASET_INVALID', /"task" is 30/, (c) => c.task.fill(30n)],
  ];
  it.each(spoilt)('refuses %s, naming it, and leaves nothing', async (_, code, detail, spoil) => {
    const paths = temporaryLibrary();
    const chunk = makeChunk([3, 3]);
    spoil(chunk);
    const good = await writeChunk(
      join(temporaryFolder(), 'good.safetensors'),
      makeChunk(new Array<number>(1000).fill(7)),
    );
    const bad = await writeChunk(join(temporaryFolder(), 'bad.safetensors'), chunk);
    expect(await failure(() => importDataset(paths, [good, bad]))).toEqual({
      code,
      detail: expect.stringMatching(detail) as unknown,
    });
    expect(await everythingIn(paths.segments)).toEqual([]);
    expect(await everythingIn(paths.manifests)).toEqual([]);
  });

  it('ignores what the padding of actions holds', async () => {
    const folder = temporaryFolder();
    const chunk = makeChunk([7]);
    const plain = await writeChunk(join(folder, 'a.safetensors'), chunk);
    chunk.action[6 + 3] = 0.25;
    const padded = await writeChunk(join(folder, 'b.safetensors'), chunk);
    const paths = temporaryLibrary();
    await importDataset(paths, [plain]);
    expect(await importDataset(paths, [padded])).toMatchObject({ existed: true });
  });

  it('refuses chunks of different lengths before it writes, and truncated files', async () => {
    const folder = temporaryFolder();
    const paths = temporaryLibrary();
    await writeChunk(join(folder, 'a.safetensors'), makeChunk([3], 12));
    const b = await writeChunk(join(folder, 'b.safetensors'), makeChunk([3], 11));
    expect(await failure(() => importDataset(paths, [folder]))).toEqual({
      code: 'DATASET_MIXED_LENGTHS',
      detail: expect.stringMatching(/a\.safetensors have 12 entries, those of .*b\.safetensors 11/) as unknown,
    });
    await truncate(b, 1000);
    expect((await failure(() => importDataset(paths, [b]))).code).toBe('FILE_TRUNCATED');
    expect(await everythingIn(paths.home)).toEqual([]);
  });

  it('removes what it wrote when the disk is full or it is stopped, but not what other datasets use', async () => {
    const folder = temporaryFolder();
    const paths = temporaryLibrary();
    const first = await writeChunk(join(folder, 'a.safetensors'), makeChunk(new Array<number>(1000).fill(7), 5));
    const more = makeChunk([...new Array<number>(1000).fill(7), ...new Array<number>(1001).fill(8)], 5);
    const second = await writeChunk(join(folder, 'b.safetensors'), more);
    await importDataset(paths, [first]);
    const before = await everythingIn(paths.home);

    setFaultHook(({ operation, path, bytesSoFar }) =>
      operation === 'write' && path.includes('segments') && bytesSoFar > 50_000 ? { shortWrite: 100 } : undefined,
    );
    expect((await failure(() => importDataset(paths, [second]))).code).toBe('DISK_FULL');
    setFaultHook(undefined);
    expect(await everythingIn(paths.home)).toEqual(before);

    const controller = new AbortController();
    const stop = (done: number): void => {
      if (done > 1500) controller.abort(new Error('stopped'));
    };
    const stopped = importDataset(paths, [second], { onProgress: stop, signal: controller.signal });
    await expect(stopped).rejects.toThrow('stopped');
    expect(await everythingIn(paths.home)).toEqual(before);
    expect(await removeUnreferencedSegments(paths)).toEqual([]);
    expect(await importDataset(paths, [second])).toMatchObject({ existed: false, facts: { episodes: 2001 } });
  });

  it('clears away what a killed import left', async () => {
    const paths = temporaryLibrary();
    const chunk = fixtureChunks[0] ?? '';
    await importDataset(paths, [chunk]);
    const before = await everythingIn(paths.home);
    const orphan = 'f'.repeat(64);
    await mkdir(join(paths.segments, '.decant-1-abc.tmp'));
    await mkdir(join(paths.segments, orphan));
    expect((await removeUnreferencedSegments(paths)).sort()).toEqual(['.decant-1-abc.tmp', orphan]);
    expect(await everythingIn(paths.home)).toEqual(before);
  });
});
