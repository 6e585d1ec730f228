import { DecantError } from '../../shared/errors.ts';
import { isReproducible } from '../../shared/metrics.ts';
import type { JobDetail, JobRecord, RunRecord } from '../../shared/records.ts';
import { number, text, type Connection } from './connection.ts';
import {
  checkpointRecord,
  datasetColumns,
  datasetRecord,
  jobColumns,
  jobRecord,
  jobRow,
  metricSummary,
  resultOf,
  runRecord,
  type MetricSummary,
} from './records.ts';

export interface PageOptions {
  limit?: number | undefined;
  /** Only what is older than this id. */
  before?: string | undefined;
}

export interface JobListOptions extends PageOptions {
  hidden?: boolean | undefined;
}

/** Rows older than `before` have a smaller ordinal than this. Errors: NOT_FOUND. */
function ordinalBefore(connection: Connection, before: string | undefined): number {
  if (before === undefined) return Number.MAX_SAFE_INTEGER;
  const row = connection.get('SELECT ordinal FROM job WHERE id = ?', before);
  if (row === undefined) throw new DecantError('NOT_FOUND', `there is no job ${before}`);
  return number(row, 'ordinal');
}

/** Newest first. Errors: NOT_FOUND for `before`. */
export function listJobs(connection: Connection, options: JobListOptions = {}): JobRecord[] {
  return connection
    .all(
      `SELECT ${jobColumns} WHERE job.hidden <= ? AND job.ordinal < ? ORDER BY job.ordinal DESC LIMIT ?`,
      options.hidden === true ? 1 : 0,
      ordinalBefore(connection, options.before),
      options.limit ?? -1,
    )
    .map((row) => jobRecord(row));
}

export interface RunListOptions extends PageOptions {
  /** Only these metrics; all of them where left out. */
  metrics?: readonly string[] | undefined;
}

/** Training runs, newest first, with last, smallest and largest value of each metric. Errors: NOT_FOUND for `before`. */
export function listRuns(connection: Connection, options: RunListOptions = {}): RunRecord[] {
  const limit = options.limit ?? -1;
  const before = ordinalBefore(connection, options.before);
  const wanted = options.metrics;
  const marks = wanted === undefined ? '' : `AND metric IN (${wanted.map(() => '?').join(', ')})`;
  const metrics = new Map<string, Record<string, MetricSummary>>();
  const page = `SELECT id FROM job WHERE kind = 'train' AND hidden = 0 AND ordinal < ? ORDER BY ordinal DESC LIMIT ?`;
  const summaries = connection.all(
    `SELECT job, metric, last, last_step, min, max FROM series WHERE job IN (${page}) AND points > 0 ${marks}`,
    before,
    limit,
    ...(wanted ?? []),
  );
  for (const row of summaries) {
    const job = text(row, 'job');
    let ofJob = metrics.get(job);
    if (ofJob === undefined) metrics.set(job, (ofJob = {}));
    ofJob[text(row, 'metric')] = metricSummary(row);
  }
  return connection
    .all(
      `SELECT ${jobColumns} WHERE job.kind = 'train' AND job.hidden = 0 AND job.ordinal < ?
        ORDER BY job.ordinal DESC LIMIT ?`,
      before,
      limit,
    )
    .map((row) => runRecord(row, metrics.get(text(row, 'id')) ?? {}));
}

/** Everything of one job but its points. Errors: NOT_FOUND. */
export function jobDetail(connection: Connection, id: string): JobDetail {
  const row = connection.get(`SELECT ${jobColumns} WHERE job.id = ?`, id);
  if (row === undefined) throw new DecantError('NOT_FOUND', `there is no job ${id}`);
  const series = connection.all('SELECT * FROM series WHERE job = ? ORDER BY metric', id);
  return {
    job: jobRecord(row),
    config: jobRow(row).configuration,
    checkpoints: connection
      .all(
        `SELECT * FROM checkpoint WHERE (job = ? AND kind = 'run') OR id IN
          (SELECT entity_id FROM job_output WHERE job_output.job = ? AND entity = 'checkpoint')
          ORDER BY step, ordinal`,
        id,
        id,
      )
      .map(checkpointRecord),
    datasets: connection
      .all(
        `SELECT ${datasetColumns} WHERE dataset.deleted_at IS NULL AND dataset.id IN
          (SELECT entity_id FROM job_output WHERE job = ? AND entity = 'dataset') ORDER BY dataset.ordinal`,
        id,
      )
      .map((dataset) => datasetRecord(connection, dataset)),
    result: resultOf(row),
    messages: connection.all('SELECT level, text FROM message WHERE job = ? ORDER BY ordinal', id).map((message) => ({
      level: message.level === 'error' ? 'error' : message.level === 'warning' ? 'warning' : 'info',
      text: text(message, 'text'),
    })),
    metrics: Object.fromEntries(
      series.filter((one) => number(one, 'points') > 0).map((one) => [text(one, 'metric'), metricSummary(one)]),
    ),
    replayedDifferently: series
      .filter((one) => isReproducible(text(one, 'metric')))
      .reduce((sum, one) => sum + number(one, 'differing'), 0),
    notes: text(row, 'notes'),
  };
}

/** How a replay after a resume compared with what it superseded, by metric. */
export function replayOf(connection: Connection, job: string): Record<string, { compared: number; differing: number }> {
  const rows = connection.all('SELECT metric, compared, differing FROM series WHERE job = ? AND compared > 0', job);
  return Object.fromEntries(
    rows.map((row) => [
      text(row, 'metric'),
      { compared: number(row, 'compared'), differing: number(row, 'differing') },
    ]),
  );
}
