import {
  at,
  binPoints,
  blockPoints,
  clipBins,
  decodeBins,
  firstAfter,
  highestLevel,
  joinBins,
  joinPoints,
  lowestLevel,
  noPoints,
  reduceBins,
  slicePoints,
  type Bins,
  type Points,
} from './blocks.ts';
import { blob, number, only, type Connection } from './connection.ts';
import { append, blockOf, truncateSeries } from './seriesBlocks.ts';
import { compareWithSuperseded, mergePoints } from './superseded.ts';

function seriesId(connection: Connection, job: string, metric: string): number {
  const row = connection.get('SELECT id FROM series WHERE job = ? AND metric = ?', job, metric);
  if (row !== undefined) return number(row, 'id');
  return connection.run('INSERT INTO series (job, metric, points, last_step) VALUES (?, ?, 0, 0)', job, metric).rowId;
}

/**
 * Appends points of one metric. Steps at or before the last one replace what is there (a later value for the same step wins).
 * Values that an earlier attempt recorded at the same steps are compared and the differing ones counted.
 */
export function appendPoints(connection: Connection, job: string, metric: string, points: Points): void {
  if (points.steps.length === 0) return;
  const series = seriesId(connection, job, metric);
  compareWithSuperseded(connection, series, points);
  const summary = only(connection.get('SELECT * FROM series WHERE id = ?', series));
  if (number(summary, 'points') > 0 && at(points.steps, 0) <= number(summary, 'last_step')) {
    const cut = at(points.steps, 0) - 1;
    const replaced = truncateSeries(connection, series, cut);
    append(connection, series, mergePoints(replaced, points));
  } else append(connection, series, points);
}

export interface ChartRange {
  /** Steps, both included. */
  from?: number | undefined;
  to?: number | undefined;
  /** Bins wanted at most, apart from one at each border. */
  maximumPoints?: number | undefined;
}

/**
 * A metric as bins of a power of two of points; borders do not depend on the range, so that a curve keeps its shape while it grows
 * and while one zooms. With few enough points each bin is one of them.
 */
export function readChart(connection: Connection, series: number, range: ChartRange): Bins & { pointsPerBin: number } {
  const from = range.from ?? 0;
  const to = range.to ?? Number.MAX_SAFE_INTEGER;
  const extent = only(
    connection.get(
      'SELECT coalesce(sum(points), 0) AS points, min(ordinal) AS first, max(ordinal) AS last FROM metric_block WHERE series = ? AND last_step >= ? AND first_step <= ?',
      series,
      from,
      to,
    ),
  );
  const points = number(extent, 'points');
  if (points === 0) return { ...binPoints(noPoints, 1), pointsPerBin: 1 };
  const level = Math.max(0, Math.ceil(Math.log2(points / (range.maximumPoints ?? 2000))));
  let first = number(extent, 'first');
  let last = number(extent, 'last');
  const pointsPerBin = 2 ** level;
  if (level < lowestLevel) {
    const raw = readBlocks(connection, series, first, last);
    return { ...clipBins(binPoints(raw, pointsPerBin), from, to), pointsPerBin };
  }
  const stored = Math.min(level, highestLevel);
  // Blocks that share a bin with those at the borders of the range belong to it.
  const blocksPerBin = 2 ** Math.max(0, level - highestLevel);
  first -= first % blocksPerBin;
  last += blocksPerBin - 1 - (last % blocksPerBin);
  const parts = connection
    .all(
      'SELECT bins FROM metric_rollup WHERE series = ? AND level = ? AND ordinal BETWEEN ? AND ? ORDER BY ordinal',
      series,
      stored,
      first,
      last,
    )
    .map((row) => decodeBins(blob(row, 'bins')));
  const open = connection.get(
    'SELECT * FROM metric_block WHERE series = ? AND ordinal BETWEEN ? AND ? AND points < ?',
    series,
    first,
    last,
    blockPoints,
  );
  if (open !== undefined) parts.push(binPoints(blockOf(open), 2 ** stored));
  const firstIndex = (first * blockPoints) / 2 ** stored;
  const bins = reduceBins(joinBins(parts), 2 ** (level - stored), firstIndex);
  return { ...clipBins(bins, from, to), pointsPerBin };
}

function readBlocks(connection: Connection, series: number, first: number, last: number): Points {
  const rows = connection.all(
    'SELECT * FROM metric_block WHERE series = ? AND ordinal BETWEEN ? AND ? ORDER BY ordinal',
    series,
    first,
    last,
  );
  return joinPoints(rows.map(blockOf));
}

/** Every recorded step from `from` to `to`, both included, with its exact value. */
export function readPoints(connection: Connection, series: number, from: number, to: number): Points {
  const rows = connection.all(
    'SELECT * FROM metric_block WHERE series = ? AND last_step >= ? AND first_step <= ? ORDER BY ordinal',
    series,
    from,
    to,
  );
  const all = joinPoints(rows.map(blockOf));
  return slicePoints(all, firstAfter(all.steps, from - 1), firstAfter(all.steps, to));
}

/** Mean of the last `count` finite values up to `step`; undefined without any. */
export function recentMean(connection: Connection, series: number, step: number, count: number): number | undefined {
  const rows = connection.all(
    'SELECT * FROM metric_block WHERE series = ? AND first_step <= ? ORDER BY ordinal DESC LIMIT 2',
    series,
    step,
  );
  const points = joinPoints(rows.reverse().map(blockOf));
  const finite = points.values
    .slice(0, firstAfter(points.steps, step))
    .filter((value) => Number.isFinite(value))
    .slice(-count);
  if (finite.length === 0) return undefined;
  return finite.reduce((sum, value) => sum + value, 0) / finite.length;
}
