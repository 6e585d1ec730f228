import { encode } from '../../shared/codec.ts';
import { DecantError } from '../../shared/errors.ts';
import { laneOf, type JobKind, type JobState } from '../../shared/jobs.ts';
import type { GroupRecord, JobRecord } from '../../shared/records.ts';
import { number, only, text, type Connection } from './connection.ts';
import { newId } from './ids.ts';
import { groupRecord, jobColumns, jobRecord, jobRow, stateSchema, type JobRow } from './records.ts';

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

/** A new group without jobs. Returns its id. */
export function createGroup(connection: Connection, kind: string, title: string): string {
  const id = newId('g');
  connection.run('INSERT INTO job_group (id, kind, title, created_at) VALUES (?, ?, ?, ?)', id, kind, title, now());
  return id;
}

/** Errors: NOT_FOUND. */
export function getGroup(connection: Connection, id: string): GroupRecord {
  const row = connection.get('SELECT * FROM job_group WHERE id = ?', id);
  if (row === undefined) throw new DecantError('NOT_FOUND', `there is no group ${id}`);
  return groupRecord(connection, row);
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

/** The end of the queue. */
export function nextPosition(connection: Connection): number {
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

/** What was fixed for a job, by key. */
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

/** The jobs that a job waits for. */
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
