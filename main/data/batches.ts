import { paddedActionDim, paddedObservationDim } from '../../shared/tasks.ts';
import { type Dataset } from './dataset.ts';
import { columnWidth } from './segmentInfo.ts';
import { type Batch, type Windows } from './windows.ts';

/** Order in which windows are read: by file and position, so that neighbours share open files and pages. */
function readingOrder(windows: Windows): number[] {
  const indices = Array.from({ length: windows.count }, (_, index) => index);
  return indices.sort(
    (a, b) =>
      (windows.segment[a] ?? 0) - (windows.segment[b] ?? 0) ||
      (windows.episode[a] ?? 0) - (windows.episode[b] ?? 0) ||
      (windows.start[a] ?? 0) - (windows.start[b] ?? 0),
  );
}

/** Copies `rows` rows of `width` values into column `index` of a time-major [rows, B, padded] array. */
function scatter(
  source: Float32Array,
  width: number,
  rows: number,
  target: Float32Array,
  padded: number,
  batchSize: number,
  index: number,
): void {
  for (let row = 0; row < rows; row++)
    target.set(source.subarray(row * width, (row + 1) * width), (row * batchSize + index) * padded);
}

/**
 * Reads the slices of H+1 entries as a batch: all observations, and the actions and rewards of entries 1 to H (entry 0's
 * belong to the step before the slice). Blocks while it reads: meant for a worker.
 * Errors: DATASET_VANISHED, HASH_MISMATCH, FILE_UNREADABLE.
 */
export function readBatch(dataset: Dataset, windows: Windows, horizon: number): Batch {
  const batchSize = windows.count;
  const batch: Batch = {
    horizon,
    batchSize,
    obs: new Float32Array((horizon + 1) * batchSize * paddedObservationDim),
    action: new Float32Array(horizon * batchSize * paddedActionDim),
    reward: new Float32Array(horizon * batchSize),
    task: Int32Array.from(windows.task),
    windows,
  };
  const scratch = new Float32Array((horizon + 1) * paddedObservationDim);
  for (const index of readingOrder(windows)) {
    const segment = windows.segment[index] ?? 0;
    const task = windows.task[index] ?? 0;
    const entry = (windows.episode[index] ?? 0) * dataset.episodeLength + (windows.start[index] ?? 0);
    const read = (column: 'obs' | 'action' | 'reward', first: number, rows: number): Float32Array => {
      const values = scratch.subarray(0, rows * columnWidth(column, task));
      dataset.readEntries(segment, column, first, values);
      return values;
    };
    const obsWidth = columnWidth('obs', task);
    const obs = read('obs', entry, horizon + 1);
    scatter(obs, obsWidth, horizon + 1, batch.obs, paddedObservationDim, batchSize, index);
    const actionWidth = columnWidth('action', task);
    const action = read('action', entry + 1, horizon);
    scatter(action, actionWidth, horizon, batch.action, paddedActionDim, batchSize, index);
    scatter(read('reward', entry + 1, horizon), 1, horizon, batch.reward, 1, batchSize, index);
  }
  return batch;
}

/** Single (observation, action) pairs, padded: what a teacher's reward head takes. */
export interface RowInputs {
  readonly count: number;
  /** float32 [n, 24]: the entry before each row. */
  readonly obs: Float32Array<ArrayBuffer>;
  /** float32 [n, 6]. */
  readonly action: Float32Array<ArrayBuffer>;
  /** float32 [n]: the recorded reward. */
  readonly reward: Float32Array<ArrayBuffer>;
  /** int32 [n]. */
  readonly task: Int32Array<ArrayBuffer>;
}

/** Rows `k >= 1` of episodes: obs[k-1], action[k] and reward[k] of each. `segment`, `episode` and `row` are parallel. */
export interface Rows {
  readonly segment: ArrayLike<number>;
  readonly episode: ArrayLike<number>;
  readonly row: ArrayLike<number>;
}

/** Errors as for `readBatch`. */
export function readRowInputs(dataset: Dataset, rows: Rows): RowInputs {
  const count = rows.row.length;
  const inputs: RowInputs = {
    count,
    obs: new Float32Array(count * paddedObservationDim),
    action: new Float32Array(count * paddedActionDim),
    reward: new Float32Array(count),
    task: new Int32Array(count),
  };
  for (let index = 0; index < count; index++) {
    const segment = rows.segment[index] ?? 0;
    const task = dataset.taskOf(segment);
    const entry = (rows.episode[index] ?? 0) * dataset.episodeLength + (rows.row[index] ?? 0);
    const into = (target: Float32Array, padded: number, width: number): Float32Array =>
      target.subarray(index * padded, index * padded + width);
    const obs = into(inputs.obs, paddedObservationDim, columnWidth('obs', task));
    dataset.readEntries(segment, 'obs', entry - 1, obs);
    const action = into(inputs.action, paddedActionDim, columnWidth('action', task));
    dataset.readEntries(segment, 'action', entry, action);
    dataset.readEntries(segment, 'reward', entry, into(inputs.reward, 1, 1));
    inputs.task[index] = task;
  }
  return inputs;
}
