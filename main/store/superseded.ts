import { at, decodeColumn, encodeColumn, noPoints, type Points } from './blocks.ts';
import { blob, number, type Connection } from './connection.ts';
import { truncateSeries } from './seriesBlocks.ts';

/** Both, in order of steps; where both have a step, `newer` counts. */
export function mergePoints(older: Points, newer: Points): Points {
  const values = new Map<number, number>();
  older.steps.forEach((step, index) => values.set(step, at(older.values, index)));
  newer.steps.forEach((step, index) => values.set(step, at(newer.values, index)));
  const steps = Float64Array.from(values.keys()).sort();
  return { steps, values: steps.map((step) => values.get(step) ?? Number.NaN) };
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

/** Counts values that an earlier attempt recorded at the same steps, and those that differ; forgets them once passed. */
export function compareWithSuperseded(connection: Connection, series: number, points: Points): void {
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
