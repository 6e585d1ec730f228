import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { setFaultHook } from '../../../main/files/faults.ts';
import { labelFile } from '../../../main/files/library.ts';
import { readNpy } from '../../../main/formats/npy.ts';
import { type RowInputs } from '../../../main/data/batches.ts';
import { FloatFile } from '../../../main/data/columns.ts';
import { Dataset } from '../../../main/data/dataset.ts';
import { importDataset } from '../../../main/data/importDataset.ts';
import { countRowsOfRun, labelRows, missingRows, rowsOfRun } from '../../../main/data/labelPlan.ts';
import { TeacherLabels } from '../../../main/data/labels.ts';
import { WindowSampler } from '../../../main/data/sampler.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { failure, makeChunk, temporaryLibrary, writeChunk } from './support.ts';

const teacher = 'a'.repeat(64);
const sampling = { seed: 9, batchSize: 8, horizon: 3, validationEpisodes: 1 };

/** Rewards that tell which observation and action they were computed from. */
function predict({ count, obs, action, task }: RowInputs): Float32Array {
  return Float32Array.from(
    { length: count },
    (_, row) => (obs[row * 24] ?? 0) + (action[row * 6] ?? 0) / 4096 + (task[row] ?? 0) / 64,
  );
}

async function opened(): Promise<{ dataset: Dataset; sampler: WindowSampler }> {
  const paths = temporaryLibrary();
  const chunk = await writeChunk(join(temporaryFolder(), 'a.safetensors'), makeChunk([7, 3, 7, 3, 3], 40));
  const { facts } = await importDataset(paths, [chunk]);
  const dataset = await Dataset.open(paths, facts.manifest);
  return { dataset, sampler: new WindowSampler(dataset.manifest, sampling) };
}

afterEach(() => setFaultHook(undefined));

describe('TeacherLabels', () => {
  it.each([1, 3])('labels exactly the rows that a run draws, for %i steps of each window', async (steps) => {
    const { dataset, sampler } = await opened();
    const range = { fromStep: 1, toStep: 6, steps };
    const labels = await TeacherLabels.open(dataset.paths, dataset, teacher);
    const wanted = countRowsOfRun(dataset, sampler, range);
    for (const { step, rows } of rowsOfRun(dataset, sampler, range, labels)) {
      expect(labels.missingFor(sampler.windows(step), steps)).toEqual(rows);
      await labelRows(labels, rows, predict, 5);
    }
    labels.flush();
    labels.close();

    const reopened = await TeacherLabels.open(dataset.paths, dataset, teacher);
    expect(reopened.coverage()).toEqual({ done: wanted, total: 5 * 39 });
    expect(countRowsOfRun(dataset, sampler, range, reopened)).toBe(0);
    for (let step = 1; step <= 6; step++) {
      const windows = sampler.windows(step);
      expect(reopened.missingFor(windows, steps).count).toBe(0);
      const values = reopened.read(windows, steps);
      expect(values).toHaveLength(steps * 8);
      for (let index = 0; index < 8; index++)
        for (let t = 0; t < steps; t++) {
          const row = {
            segment: [windows.segment[index] ?? 0],
            episode: [windows.episode[index] ?? 0],
            row: [(windows.start[index] ?? 0) + t + 1],
          };
          const entry = (row.episode[0] ?? 0) * 40 + (row.row[0] ?? 0);
          const scratch = new Float32Array(1);
          dataset.readEntries(row.segment[0] ?? 0, 'reward', entry, scratch);
          // reward = value / 4 of entry k, the observation is that of entry k - 1: 32 less in the value.
          const observed = (scratch[0] ?? 0) * 4 - 32;
          const expected = observed - (observed + 32) / 4096 + (windows.task[index] ?? 0) / 64;
          expect(values[t * 8 + index]).toBeCloseTo(expected, 2);
        }
    }
    expect(sampler.windows(1).segment.length).toBe(8);
    dataset.close();
    reopened.close();
  });

  it('reads no column that it has just made, and every other one at most once', async () => {
    const { dataset } = await opened();
    const read = vi.spyOn(FloatFile.prototype, 'readInto');
    onTestFinished(() => read.mockRestore());
    const labels = await TeacherLabels.open(dataset.paths, dataset, teacher);
    expect(labels.coverage()).toEqual({ done: 0, total: 195 });
    for (const rows of missingRows(labels, 50)) await labelRows(labels, rows, predict, 50);
    labels.flush();
    const inputs = read.mock.calls.length;
    expect(labels.coverage().done).toBe(195);
    expect(read.mock.calls.length).toBe(inputs);
    labels.close();
    const reopened = await TeacherLabels.open(dataset.paths, dataset, teacher);
    read.mockClear();
    expect(reopened.coverage().done).toBe(195);
    expect(reopened.coverage().done).toBe(195);
    expect(read.mock.calls.length).toBe(dataset.episodes);
    reopened.close();
    dataset.close();
  });

  it('fills the rest; the column is a .npy of [N, L] with NaN in entry 0', async () => {
    const { dataset } = await opened();
    const labels = await TeacherLabels.open(dataset.paths, dataset, teacher);
    for (const rows of missingRows(labels, 64)) await labelRows(labels, rows, predict, 32);
    expect(labels.coverage()).toEqual({ done: 195, total: 195 });
    expect([...missingRows(labels, 64)]).toEqual([]);
    labels.flush();
    const column = await readNpy(labelFile(dataset.paths, teacher, dataset.manifest.segments[0]?.sha256 ?? ''));
    expect(column.shape).toEqual([3, 40]);
    const values = Array.from(column.data, Number);
    expect(values.map((value, index) => [index % 40 === 0, Number.isNaN(value)]).every(([a, b]) => a === b)).toBe(true);
    labels.close();
    dataset.close();
  });

  it('refuses labels that are no numbers, missing ones, and reports a full disk', async () => {
    const { dataset, sampler } = await opened();
    const labels = await TeacherLabels.open(dataset.paths, dataset, teacher);
    const windows = sampler.windows(1);
    const rows = labels.missingFor(windows, 1);
    expect((await failure(() => labels.read(windows, 1))).code).toBe('INTERNAL');
    const diverged = await failure(() => labels.write(rows, new Float32Array(rows.count).fill(Infinity)));
    expect(diverged.code).toBe('DIVERGED');
    setFaultHook(({ operation }) => (operation === 'write' ? { shortWrite: 0 } : undefined));
    expect((await failure(() => labels.write(rows, new Float32Array(rows.count)))).code).toBe('DISK_FULL');
    setFaultHook(undefined);
    expect(labels.coverage().done).toBe(0);
    labels.close();
    dataset.close();
  });
});
