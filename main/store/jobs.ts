import type { GroupRecord, JobDetail, JobRecord, RunRecord } from '../../shared/contract.ts';
import { encode } from '../../shared/codec.ts';
import { DecantError, type ErrorReport } from '../../shared/errors.ts';
import { laneOf, type JobKind, type JobState } from '../../shared/jobs.ts';
import { isReproducible } from '../../shared/metrics.ts';
import { number, only, text, type Connection } from './connection.ts';
import { newId } from './ids.ts';
import {
  checkpointRecord,
  datasetColumns,
  datasetRecord,
  groupRecord,
  jobColumns,
  jobRecord,
  jobRow,
  metricSummary,
  resultOf,
  runRecord,
  stateSchema,
  type JobRow,
  type MetricSummary,
} from './records.ts';

export interface NewJob {
  kind: JobKind;
  name: string;
  configuration: unknown;
  codeVersion: string;
  group?: string | undefined;
  steps?: number | undefined;
  seed?: number | undefined;
  /** Ids of the jobs whose outputs it reads. */
  dependsOn?: readonly string[] | undefined;
  inputs?: readonly JobInput[] | undefined;
  hidden?: boolean | undefined;
}

/** Something that a job reads, fixed: `content` is a checkpoint's hash or a manifest's. */
export interface JobInput {
  key: string;
  entity: 'checkpoint' | 'dataset';
  id: string;
  content: string;
}

const now = () => new Date().toISOString();

export function createGroup(connection: Connection, kind: string, title: string): string {
  const id = newId('g');
  connection.run('INSERT INTO job_group (id, kind, title, created_at) VALUES (?, ?, ?, ?)', id, kind, title, now());
  return id;
}

/** Adds a job at the end of its lane; several jobs that wait for each other are added by one `inTransaction`. */
export function insertJob(connection: Connection, job: NewJob, id = newId(job.kind === 'train' ? 'r' : 'j')): string {
  return connection.transaction(() => {
    connection.run(
      `INSERT INTO job (id, kind, group_id, name, state, configuration, lane, position, attempt, steps, created_at,
        code_version, seed, hidden) VALUES (?, ?, ?, ?, 'queued', ?, ?, ?, 1, ?, ?, ?, ?, ?)`,
      id,
      job.kind,
      job.group ?? null,
      job.name,
      encode(job.configuration),
      laneOf(job.kind),
      nextPosition(connection),
      job.steps ?? null,
      now(),
      job.codeVersion,
      job.seed ?? null,
      job.hidden === true ? 1 : 0,
    );
    for (const other of new Set(job.dependsOn ?? []))
      connection.run('INSERT INTO job_dependency (job, depends_on) VALUES (?, ?)', id, other);
    recordInputs(connection, id, job.inputs ?? []);
    return id;
  });
}

function nextPosition(connection: Connection): number {
  return number(only(connection.get('SELECT coalesce(max(position), 0) + 1 AS next FROM job')), 'next');
}

/** Fixes what a job reads; an input that was recorded before stays. */
export function recordInputs(connection: Connection, job: string, inputs: readonly JobInput[]): void {
  connection.transaction(() => {
    for (const input of inputs) {
      connection.run(
        'INSERT OR IGNORE INTO job_input (job, key, entity, entity_id, content) VALUES (?, ?, ?, ?, ?)',
        job,
        input.key,
        input.entity,
        input.id,
        input.content,
      );
      if (input.key === 'dataset')
        connection.run(
          'UPDATE job SET dataset_manifest = coalesce(dataset_manifest, ?) WHERE id = ?',
          input.content,
          job,
        );
    }
  });
}

export function jobInputs(connection: Connection, job: string): JobInput[] {
  return connection.all('SELECT * FROM job_input WHERE job = ? ORDER BY key', job).map((row) => ({
    key: text(row, 'key'),
    entity: row.entity === 'dataset' ? 'dataset' : 'checkpoint',
    id: text(row, 'entity_id'),
    content: text(row, 'content'),
  }));
}

export interface Dependency {
  id: string;
  /** Null when that job was deleted. */
  state: JobState | null;
}

export function dependencies(connection: Connection, job: string): Dependency[] {
  return connection
    .all(
      'SELECT depends_on, job.state AS state FROM job_dependency LEFT JOIN job ON job.id = depends_on WHERE job_dependency.job = ?',
      job,
    )
    .map((row) => ({
      id: text(row, 'depends_on'),
      state: row.state === null ? null : stateSchema.parse(row.state),
    }));
}

/** Errors: NOT_FOUND. */
export function getJobRow(connection: Connection, id: string): JobRow {
  const row = connection.get('SELECT * FROM job WHERE id = ?', id);
  if (row === undefined) throw new DecantError('NOT_FOUND', `there is no job ${id}`);
  return jobRow(row);
}

/** Jobs in one of the states, in the order of the queue. */
export function jobsInState(connection: Connection, states: readonly JobState[]): JobRow[] {
  const marks = states.map(() => '?').join(', ');
  return connection.all(`SELECT * FROM job WHERE state IN (${marks}) ORDER BY position`, ...states).map(jobRow);
}

/** Errors: NOT_FOUND. */
export function getJob(connection: Connection, id: string): JobRecord {
  const row = connection.get(`SELECT ${jobColumns} WHERE job.id = ?`, id);
  if (row === undefined) throw new DecantError('NOT_FOUND', `there is no job ${id}`);
  return jobRecord(row);
}

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
      .map(datasetRecord),
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

/** Errors: NOT_FOUND. */
export function getGroup(connection: Connection, id: string): GroupRecord {
  const row = connection.get('SELECT * FROM job_group WHERE id = ?', id);
  if (row === undefined) throw new DecantError('NOT_FOUND', `there is no group ${id}`);
  return groupRecord(connection, row);
}

function change(connection: Connection, sql: string, ...values: (string | number | null)[]): boolean {
  return connection.run(sql, ...values).changes > 0;
}

/** queued → running. False when it was no longer queued. */
export function markRunning(connection: Connection, id: string): boolean {
  return change(
    connection,
    `UPDATE job SET state = 'running', started_at = ?, ended_at = NULL, error_code = NULL, error_detail = NULL,
      engine_pid = NULL, engine_started = NULL WHERE id = ? AND state = 'queued'`,
    now(),
    id,
  );
}

export function recordEngine(connection: Connection, id: string, pid: number, started: string | null): void {
  connection.run('UPDATE job SET engine_pid = ?, engine_started = ? WHERE id = ?', pid, started, id);
}

/** queued → stopped, running → stopping; other states stay. Returns the state after it. Errors: NOT_FOUND. */
export function requestStop(connection: Connection, id: string): JobState {
  return connection.transaction(() => {
    connection.run(`UPDATE job SET state = 'stopped', ended_at = ? WHERE id = ? AND state = 'queued'`, now(), id);
    connection.run(`UPDATE job SET state = 'stopping' WHERE id = ? AND state = 'running'`, id);
    return getJobRow(connection, id).state;
  });
}

/** A job whose engine is gone without having said how it ended. Returns whether it was still marked as running. */
export function settle(
  connection: Connection,
  id: string,
  state: 'interrupted' | 'failed',
  error: ErrorReport | null,
): boolean {
  return change(
    connection,
    `UPDATE job SET state = ?, ended_at = ?, error_code = ?, error_detail = ?
      WHERE id = ? AND state IN ('running', 'stopping')`,
    state,
    now(),
    error?.code ?? null,
    error?.detail ?? null,
    id,
  );
}

/** queued → failed, for a job that can never start as things are. */
export function failQueued(connection: Connection, id: string, error: ErrorReport): boolean {
  return change(
    connection,
    `UPDATE job SET state = 'failed', ended_at = ?, error_code = ?, error_detail = ? WHERE id = ? AND state = 'queued'`,
    now(),
    error.code,
    error.detail,
    id,
  );
}

/** stopped, failed, interrupted → queued, as the next attempt. Errors: NOT_FOUND, NOT_RESUMABLE. */
export function requeue(connection: Connection, id: string): void {
  connection.transaction(() => {
    const { state } = getJobRow(connection, id);
    if (state !== 'stopped' && state !== 'failed' && state !== 'interrupted')
      throw new DecantError('NOT_RESUMABLE', `${id} is ${state}`);
    connection.run(
      `UPDATE job SET state = 'queued', attempt = attempt + 1, position = ?, ended_at = NULL, error_code = NULL,
        error_detail = NULL, engine_pid = NULL, engine_started = NULL WHERE id = ?`,
      nextPosition(connection),
      id,
    );
  });
}

/** Moves a queued job before another one of the queue, or to its end. Errors: NOT_FOUND. */
export function moveInQueue(connection: Connection, id: string, before: string | null): void {
  connection.transaction(() => {
    const order = jobsInState(connection, ['queued'])
      .map((job) => job.id)
      .filter((other) => other !== id);
    getJobRow(connection, id);
    const index = before === null ? order.length : order.indexOf(before);
    if (index < 0) throw new DecantError('NOT_FOUND', `${String(before)} is not in the queue`);
    order.splice(index, 0, id);
    for (const job of order) connection.run('UPDATE job SET position = ? WHERE id = ?', nextPosition(connection), job);
  });
}

export interface JobChanges {
  name?: string | undefined;
  notes?: string | undefined;
  tags?: readonly string[] | undefined;
  hidden?: boolean | undefined;
}

/** Errors: NOT_FOUND. */
export function updateJob(connection: Connection, id: string, changes: JobChanges): JobRecord {
  connection.run(
    'UPDATE job SET name = coalesce(?, name), notes = coalesce(?, notes), tags = coalesce(?, tags), hidden = coalesce(?, hidden) WHERE id = ?',
    changes.name ?? null,
    changes.notes ?? null,
    changes.tags === undefined ? null : encode(changes.tags),
    changes.hidden === undefined ? null : Number(changes.hidden),
    id,
  );
  return getJob(connection, id);
}

/** A note of the host in the job's messages. */
export function addMessage(
  connection: Connection,
  id: string,
  level: 'info' | 'warning' | 'error',
  message: string,
): void {
  connection.run(
    'INSERT INTO message (job, attempt, level, text) VALUES (?, (SELECT attempt FROM job WHERE id = ?), ?, ?)',
    id,
    id,
    level,
    message,
  );
}
