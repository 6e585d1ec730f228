import type { Series } from '../../shared/records.ts';
import { decodeColumn, type Points } from './blocks.ts';
import { blob, number, text, type Connection } from './connection.ts';
import { readChart, readPoints, type ChartRange } from './series.ts';

function seriesOf(connection: Connection, job: string, metrics: readonly string[] | undefined) {
  const rows = connection.all('SELECT id, metric FROM series WHERE job = ? AND points > 0 ORDER BY metric', job);
  return rows
    .map((row) => ({ id: number(row, 'id'), metric: text(row, 'metric') }))
    .filter(({ metric }) => metrics?.includes(metric) ?? true);
}

export interface ChartQuery extends ChartRange {
  metrics?: readonly string[] | undefined;
}

/** Charts of a job's metrics; `steps` is the last step of each bin, where its `last` was recorded. */
export function readCharts(connection: Connection, job: string, query: ChartQuery): Series[] {
  return seriesOf(connection, job, query.metrics).map(({ id, metric }) => {
    const bins = readChart(connection, id, query);
    const { pointsPerBin, lastSteps: steps, last, min, max } = bins;
    return { metric, pointsPerBin, steps, last, min, max };
  });
}

/** All recorded values from step `from` to `to`, both included, by metric. */
export function readMetrics(
  connection: Connection,
  job: string,
  from: number,
  to: number,
  metrics?: readonly string[],
): Record<string, Points> {
  const entries = seriesOf(connection, job, metrics).map(
    ({ id, metric }) => [metric, readPoints(connection, id, from, to)] as const,
  );
  return Object.fromEntries(entries);
}

export interface Pairs {
  step: number;
  teacher: number[];
  student: number[];
}

/** The newest recorded pairs of predicted rewards, oldest of them first. */
export function readPairs(connection: Connection, job: string, limit: number): Pairs[] {
  return connection
    .all('SELECT * FROM pairs WHERE job = ? ORDER BY step DESC LIMIT ?', job, limit)
    .reverse()
    .map((row) => ({
      step: number(row, 'step'),
      teacher: [...decodeColumn(blob(row, 'teacher'))],
      student: [...decodeColumn(blob(row, 'student'))],
    }));
}
