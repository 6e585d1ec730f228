import {
  at,
  binPoints,
  blockPoints,
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
  type Points,
} from './blocks.ts';
import { blob, number, numberOrNaN, only, type Connection, type SqlRow } from './connection.ts';

/** The points of a row of metric_block. */
export function blockOf(row: SqlRow): Points {
  const steps = row.steps instanceof Uint8Array ? row.steps : null;
  return {
    steps: decodeSteps(steps, number(row, 'points'), number(row, 'first_step'), number(row, 'last_step')),
    values: decodeColumn(blob(row, 'data')),
  };
}

/** Appends points that all lie after the last one. */
export function append(connection: Connection, series: number, points: Points): void {
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
