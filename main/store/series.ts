import {
  at,
  binPoints,
  blockPoints,
  clipBins,
  decodeBins,
  decodeColumn,
  decodeSteps,
  encodeBins,
  encodeColumn,
  encodeSteps,
  firstAfter,
  highestLevel,
  joinBins,
  joinPoints,
  larger,
  lowestLevel,
  noPoints,
  reduceBins,
  slicePoints,
  smaller,
  type Bins,
  type Points,
} from './blocks.ts';
import { blob, number, numberOrNaN, only, type Connection, type SqlRow } from './connection.ts';

function blockOf(row: SqlRow): Points {
  const steps = row.steps instanceof Uint8Array ? row.steps : null;
  return {
    steps: decodeSteps(steps, number(row, 'points'), number(row, 'first_step'), number(row, 'last_step')),
    values: decodeColumn(blob(row, 'data')),
  };
}

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

/** Both, in order of steps; where both have a step, `newer` counts. */
function mergePoints(older: Points, newer: Points): Points {
  const values = new Map<number, number>();
  older.steps.forEach((step, index) => values.set(step, at(older.values, index)));
  newer.steps.forEach((step, index) => values.set(step, at(newer.values, index)));
  const steps = Float64Array.from(values.keys()).sort();
  return { steps, values: steps.map((step) => values.get(step) ?? Number.NaN) };
}

/** Appends points that all lie after the last one. */
function append(connection: Connection, series: number, points: Points): void {
  const tail = connection.get('SELECT * FROM metric_block WHERE series = ? ORDER BY ordinal DESC LIMIT 1', series);
  let ordinal = tail === undefined ? 0 : number(tail, 'ordinal');
  let rest = points;
  if (tail !== undefined) {
    if (number(tail, 'points') < blockPoints) rest = joinPoints([blockOf(tail), points]);
    else ordinal += 1;
  }
  for (let begin = 0; begin < rest.steps.length; begin += blockPoints) {
    const block = slicePoints(rest, begin, begin + blockPoints);
    writeBlock(connection, series, ordinal, block);
    ordinal += 1;
  }
  const all = binPoints(points, points.steps.length);
  const summary = only(connection.get('SELECT points, min, max FROM series WHERE id = ?', series));
  connection.run(
    'UPDATE series SET points = ?, last_step = ?, last = ?, min = ?, max = ? WHERE id = ?',
    number(summary, 'points') + points.steps.length,
    at(all.lastSteps, 0),
    at(all.last, 0),
    smaller(numberOrNaN(summary, 'min'), at(all.min, 0)),
    larger(numberOrNaN(summary, 'max'), at(all.max, 0)),
    series,
  );
}

function writeBlock(connection: Connection, series: number, ordinal: number, block: Points): void {
  const points = block.steps.length;
  connection.run(
    'INSERT OR REPLACE INTO metric_block (series, ordinal, points, first_step, last_step, steps, data) VALUES (?, ?, ?, ?, ?, ?, ?)',
    series,
    ordinal,
    points,
    at(block.steps, 0),
    at(block.steps, points - 1),
    encodeSteps(block.steps),
    encodeColumn(block.values),
  );
  if (points < blockPoints) return;
  for (let level = lowestLevel; level <= highestLevel; level += 1)
    connection.run(
      'INSERT OR REPLACE INTO metric_rollup (series, level, ordinal, bins) VALUES (?, ?, ?, ?)',
      series,
      level,
      ordinal,
      encodeBins(binPoints(block, 2 ** level)),
    );
}

/** Removes all points after `step` and returns them. */
export function truncateSeries(connection: Connection, series: number, step: number): Points {
  const rows = connection.all(
    'SELECT * FROM metric_block WHERE series = ? AND last_step > ? ORDER BY ordinal',
    series,
    step,
  );
  const [firstRow] = rows;
  if (firstRow === undefined) return noPoints;
  const all = joinPoints(rows.map(blockOf));
  const kept = firstAfter(all.steps, step);
  const ordinal = number(firstRow, 'ordinal');
  connection.run('DELETE FROM metric_block WHERE series = ? AND ordinal >= ?', series, ordinal);
  for (let level = lowestLevel; level <= highestLevel; level += 1)
    connection.run('DELETE FROM metric_rollup WHERE series = ? AND level = ? AND ordinal >= ?', series, level, ordinal);
  if (kept > 0) writeBlock(connection, series, ordinal, slicePoints(all, 0, kept));
  summarise(connection, series);
  return slicePoints(all, kept, all.steps.length);
}

/** Makes the summary again from what is left: one bin per full block and the open block. */
function summarise(connection: Connection, series: number): void {
  const full = connection
    .all('SELECT bins FROM metric_rollup WHERE series = ? AND level = ? ORDER BY ordinal', series, highestLevel)
    .map((row) => decodeBins(blob(row, 'bins')));
  const open = connection
    .all('SELECT * FROM metric_block WHERE series = ? AND points < ? ORDER BY ordinal', series, blockPoints)
    .map(blockOf);
  const parts = joinBins([...full, ...open.map((points) => binPoints(points, blockPoints))]);
  const all = reduceBins(parts, Math.max(parts.last.length, 2), 0);
  const points = full.length * blockPoints + open.reduce((sum, block) => sum + block.steps.length, 0);
  const empty = points === 0;
  connection.run(
    'UPDATE series SET points = ?, last_step = ?, last = ?, min = ?, max = ? WHERE id = ?',
    points,
    empty ? 0 : at(all.lastSteps, 0),
    empty ? null : at(all.last, 0),
    empty ? null : at(all.min, 0),
    empty ? null : at(all.max, 0),
    series,
  );
}

/** What a new attempt computes again: everything after `fromStep` is set aside, to be compared with what the attempt finds. */
export function supersede(connection: Connection, job: string, fromStep: number): void {
  for (const row of connection.all('SELECT id FROM series WHERE job = ? AND last_step > ?', job, fromStep)) {
    const series = number(row, 'id');
    const dropped = truncateSeries(connection, series, fromStep);
    const earlier = readSuperseded(connection, series);
    writeSuperseded(connection, series, mergePoints(earlier, dropped));
  }
}

function readSuperseded(connection: Connection, series: number): Points {
  const row = connection.get('SELECT steps, data FROM metric_superseded WHERE series = ?', series);
  if (row === undefined) return noPoints;
  return { steps: decodeColumn(blob(row, 'steps')), values: decodeColumn(blob(row, 'data')) };
}

function writeSuperseded(connection: Connection, series: number, points: Points): void {
  connection.run(
    'INSERT OR REPLACE INTO metric_superseded (series, steps, data) VALUES (?, ?, ?)',
    series,
    encodeColumn(points.steps),
    encodeColumn(points.values),
  );
}

function compareWithSuperseded(connection: Connection, series: number, points: Points): void {
  const earlier = readSuperseded(connection, series);
  const lastEarlier = earlier.steps.at(-1);
  if (lastEarlier === undefined) return;
  const byStep = new Map<number, number>();
  earlier.steps.forEach((step, index) => byStep.set(step, at(earlier.values, index)));
  let compared = 0;
  let differing = 0;
  points.steps.forEach((step, index) => {
    const before = byStep.get(step);
    if (before === undefined) return;
    compared += 1;
    if (!Object.is(before, at(points.values, index))) differing += 1;
  });
  connection.run(
    'UPDATE series SET compared = compared + ?, differing = differing + ? WHERE id = ?',
    compared,
    differing,
    series,
  );
  const reached = at(points.steps, points.steps.length - 1);
  if (reached >= lastEarlier) connection.run('DELETE FROM metric_superseded WHERE series = ?', series);
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
