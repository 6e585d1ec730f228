import { readRowInputs, type RowInputs } from './batches.ts';
import { type Dataset } from './dataset.ts';
import { RowBuffer, RowSet, type LabelRows } from './labelRows.ts';
import { type TeacherLabels } from './labels.ts';
import { type WindowSampler } from './sampler.ts';

export interface LabelRange {
  /** Updates `fromStep` to `toStep`, both included. */
  fromStep: number;
  toStep: number;
  /** Steps from each window's start: 1, or the horizon. */
  steps: number;
}

/**
 * The rows that a run will read the labels of: for each update in turn, those that no earlier update of the range has. With
 * `labels`, only those that are not known yet. Memory: one bit an entry of the dataset.
 */
export function* rowsOfRun(
  dataset: Dataset,
  sampler: WindowSampler,
  range: LabelRange,
  labels?: TeacherLabels,
): Generator<{ step: number; rows: LabelRows }> {
  const planned = dataset.segments.map((segment) => new RowSet(segment.episodes * dataset.episodeLength));
  for (let step = range.fromStep; step <= range.toStep; step++) {
    const windows = sampler.windows(step);
    const rows = new RowBuffer();
    for (let index = 0; index < windows.count; index++) {
      const segment = windows.segment[index] ?? 0;
      const episode = windows.episode[index] ?? 0;
      const start = windows.start[index] ?? 0;
      for (let row = start + 1; row <= start + range.steps; row++) {
        if (planned[segment]?.add(episode * dataset.episodeLength + row) !== true) continue;
        if (labels?.isKnown(segment, episode, row) !== true) rows.push(segment, episode, row);
      }
    }
    yield { step, rows };
  }
}

/** Number of rows that a run has to have labelled before or while it trains. */
export function countRowsOfRun(
  dataset: Dataset,
  sampler: WindowSampler,
  range: LabelRange,
  labels?: TeacherLabels,
): number {
  let count = 0;
  for (const { rows } of rowsOfRun(dataset, sampler, range, labels)) count += rows.count;
  return count;
}

/** All rows of a dataset that are not known yet, in the order of its files, in groups of at most `size`. */
export function* missingRows(labels: TeacherLabels, size: number): Generator<LabelRows> {
  const { dataset } = labels;
  let rows = new RowBuffer();
  for (const [segment, { episodes }] of dataset.segments.entries())
    for (let episode = 0; episode < episodes; episode++)
      for (let row = 1; row < dataset.episodeLength; row++) {
        if (labels.isKnown(segment, episode, row)) continue;
        rows.push(segment, episode, row);
        if (rows.count < size) continue;
        yield rows;
        rows = new RowBuffer();
      }
  if (rows.count > 0) yield rows;
}

/** A teacher's scalar reward for each row, float32 [n]. */
export type PredictRewards = (inputs: RowInputs) => Float32Array | Promise<Float32Array>;

/** Computes and writes the labels of rows, `batchSize` at a time. They are durable after `labels.flush()`. */
export async function labelRows(
  labels: TeacherLabels,
  rows: LabelRows,
  predict: PredictRewards,
  batchSize: number,
): Promise<void> {
  for (let start = 0; start < rows.count; start += batchSize) {
    const end = Math.min(rows.count, start + batchSize);
    const part: LabelRows = {
      count: end - start,
      segment: rows.segment.slice(start, end),
      episode: rows.episode.slice(start, end),
      row: rows.row.slice(start, end),
    };
    labels.write(part, await predict(readRowInputs(labels.dataset, part)));
  }
}
