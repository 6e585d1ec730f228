import { appendFile, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readBatch } from '../../../main/data/batches.ts';
import { Dataset, verifyDataset } from '../../../main/data/dataset.ts';
import { importDataset } from '../../../main/data/importDataset.ts';
import { joinManifests, loadManifest, subsetManifest, writeManifest } from '../../../main/data/manifest.ts';
import { BatchStream } from '../../../main/data/prefetch.ts';
import { WindowSampler } from '../../../main/data/sampler.ts';
import { columnFile } from '../../../main/data/segmentInfo.ts';
import { type LibraryPaths } from '../../../main/files/library.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { failure, makeChunk, temporaryLibrary, valueAt, writeChunk } from './support.ts';

const tasks = [7, 3, 16, 7, 3, 0, 7];
const sampling = { seed: 4, batchSize: 32, horizon: 3, validationEpisodes: 0 };

async function imported(
  length = 12,
): Promise<{ paths: LibraryPaths; manifest: string; files: (segment: number) => string }> {
  const paths = temporaryLibrary();
  const chunk = await writeChunk(join(temporaryFolder(), 'chunk.safetensors'), makeChunk(tasks, length));
  const { facts } = await importDataset(paths, [chunk]);
  const { segments } = await loadManifest(paths, facts.manifest);
  const files = (segment: number): string => columnFile(paths, segments[segment]?.sha256 ?? '', 'obs');
  return { paths, manifest: facts.manifest, files };
}

describe('readBatch', () => {
  it('has the official alignment: obs of H+1 entries, actions and rewards of entries 1 to H, zero padding', async () => {
    const { paths, manifest } = await imported();
    using dataset = await Dataset.open(paths, manifest, 2);
    const sampler = new WindowSampler(dataset.manifest, sampling);
    const batch = readBatch(dataset, sampler.windows(1), 3);
    const { windows } = batch;
    for (let index = 0; index < 32; index++) {
      const task = windows.task[index] ?? -1;
      const places = [...tasks.entries()].filter(([, other]) => other === task).map(([place]) => place);
      const episode = places[windows.episode[index] ?? -1] ?? -1;
      const start = windows.start[index] ?? -1;
      expect(batch.task[index]).toBe(task);
      for (let t = 0; t <= 3; t++) {
        expect(batch.obs[(t * 32 + index) * 24]).toBe(valueAt(0, episode, start + t, 0));
        expect(batch.obs[(t * 32 + index) * 24 + 23]).toBe(
          [0, 16].includes(task) ? valueAt(0, episode, start + t, 23) : 0,
        );
        if (t === 3) continue;
        expect(batch.action[(t * 32 + index) * 6]).toBe(-valueAt(0, episode, start + t + 1, 0));
        expect(batch.action[(t * 32 + index) * 6 + 5]).toBe(
          [0, 3].includes(task) ? -valueAt(0, episode, start + t + 1, 5) : 0,
        );
        expect(batch.reward[t * 32 + index]).toBe(valueAt(0, episode, start + t + 1, 0) / 4);
      }
    }
    expect([...batch.action, ...batch.reward].every(Number.isFinite)).toBe(true);
  });
});

describe('BatchStream', () => {
  it.each([
    [1, 1],
    [3, 2],
    [8, 3],
  ])('gives the batches of the steps in order, with depth %i and %i workers', async (depth, workers) => {
    const { paths, manifest } = await imported();
    using dataset = await Dataset.open(paths, manifest);
    const sampler = new WindowSampler(dataset.manifest, sampling);
    const options = { home: paths.home, manifest, sampler: sampling, firstStep: 5, depth, workers };
    await using stream = new BatchStream(options);
    for (let step = 5; step < 15; step++) {
      const next = await stream.next();
      expect(next.step).toBe(step);
      expect(next.waited).toBeGreaterThanOrEqual(0);
      expect(next.batch).toEqual(readBatch(dataset, sampler.windows(step), 3));
    }
  });

  it('tells what is wrong with the data', async () => {
    const { paths, manifest, files } = await imported();
    await rm(files(1));
    await using stream = new BatchStream({ home: paths.home, manifest, sampler: sampling, firstStep: 1 });
    const missing = { code: 'DATASET_VANISHED', detail: `${files(1)} is not there` };
    expect(await failure(() => stream.next())).toEqual(missing);
    expect(await failure(() => stream.next())).toEqual(missing);
  });

  it('does not grow with what was read', async () => {
    const { paths, manifest } = await imported(200);
    const options = { ...sampling, batchSize: 256 };
    await using stream = new BatchStream({ home: paths.home, manifest, sampler: options, firstStep: 1 });
    const buffers: number[] = [];
    for (let step = 1; step <= 1500; step++) {
      await stream.next();
      if (step % 10 === 0) buffers.push(process.memoryUsage().rss);
    }
    // 1500 batches are 210 MB; kept, they would show.
    const late = Math.min(...buffers.slice(100));
    expect(late - Math.max(...buffers.slice(0, 10))).toBeLessThan(100e6);
  });
});

describe('a dataset that changed', () => {
  it('is noticed at opening where a file is gone or of another size', async () => {
    const { paths, manifest, files } = await imported();
    await appendFile(files(0), 'x');
    const resized = await failure(() => Dataset.open(paths, manifest));
    expect(resized.code).toBe('HASH_MISMATCH');
    expect(resized.detail).toContain(files(0));
    await rm(files(0));
    expect(await failure(() => Dataset.open(paths, manifest))).toEqual({
      code: 'DATASET_VANISHED',
      detail: `${files(0)} is not there`,
    });
    expect((await failure(() => Dataset.open(paths, '0'.repeat(64)))).code).toBe('DATASET_VANISHED');
  });

  it('is noticed by verifyDataset where one byte differs', async () => {
    const { paths, manifest, files } = await imported();
    expect(await verifyDataset(paths, manifest)).toBe(1 + 4 * 4);
    const handle = await open(files(2), 'r+');
    await handle.write(Uint8Array.of(1), 0, 1, 700);
    await handle.close();
    const damaged = await failure(() => verifyDataset(paths, manifest));
    expect(damaged.code).toBe('HASH_MISMATCH');
    expect(damaged.detail).toContain(files(2));
  });
});

describe('manifests', () => {
  it('join to all episodes once, and divide by task', async () => {
    const { paths, manifest } = await imported();
    const all = await loadManifest(paths, manifest);
    const cheetah = subsetManifest(all, [3]);
    expect(cheetah.segments.map(({ task, episodes }) => [task, episodes])).toEqual([[3, 2]]);
    const rest = subsetManifest(all, [0, 7, 16]);
    expect(joinManifests([rest, cheetah, rest])).toEqual(all);
    expect(await writeManifest(paths, joinManifests([cheetah, rest]))).toEqual({ sha256: manifest, existed: true });
    expect((await failure(() => subsetManifest(all, [1]))).code).toBe('DATASET_INVALID');
    const longer = { ...cheetah, episodeLength: 13 };
    expect((await failure(() => joinManifests([cheetah, longer]))).code).toBe('DATASET_MIXED_LENGTHS');
  });
});
