import { encode } from '../../shared/codec.ts';
import { DecantError } from '../../shared/errors.ts';
import type { CheckpointFacts } from '../../shared/facts.ts';
import { jobConfigurationSchemas } from '../../shared/jobs.ts';
import type { MetricName } from '../../shared/metrics.ts';
import type { CheckpointRecord } from '../../shared/records.ts';
import { number, text, textOrNull, type Connection, type SqlRow } from './connection.ts';
import { addGarbage } from './garbage.ts';
import { newId } from './ids.ts';
import { getJobRow } from './jobs.ts';
import { forgetTeacher } from './labels.ts';
import { checkpointRecord } from './records.ts';
import { recentMean } from './series.ts';

/**
 * What "best" means: the first of these that a run records, the smaller the better. One batch's loss is noise: there a checkpoint is
 * judged by the mean of so many values before it.
 */
export const scores: readonly { metric: MetricName; points: number }[] = [
  { metric: 'validationRewardError', points: 1 },
  { metric: 'totalLoss', points: 100 },
];

/** The row of a checkpoint that a run wrote; the same content at the same step is the same row. Returns its id. */
export function addCheckpoint(connection: Connection, job: string, step: number, facts: CheckpointFacts): string {
  connection.run('UPDATE job SET step = max(step, ?) WHERE id = ?', step, job);
  const known = connection.get(
    `SELECT id FROM checkpoint WHERE kind = 'run' AND job = ? AND step = ? AND sha256 = ?`,
    job,
    step,
    facts.sha256,
  );
  if (known !== undefined) {
    connection.run('UPDATE checkpoint SET damaged = 0 WHERE id = ?', text(known, 'id'));
    return text(known, 'id');
  }
  const id = newId('c');
  const score = scoreAt(connection, job, step);
  const name = text(connection.get('SELECT name FROM job WHERE id = ?', job) ?? { name: job }, 'name');
  connection.run(
    `INSERT INTO checkpoint (id, name, kind, sha256, facts, job, step, created_at, score, score_metric)
      VALUES (?, ?, 'run', ?, ?, ?, ?, ?, ?, ?)`,
    id,
    `${name} @ ${step}`,
    facts.sha256,
    encode(facts),
    job,
    step,
    new Date().toISOString(),
    score?.value ?? null,
    score?.metric ?? null,
  );
  addOutput(connection, job, 'checkpoint', id, false);
  return id;
}

function scoreAt(connection: Connection, job: string, step: number): { metric: string; value: number } | undefined {
  for (const { metric, points } of scores) {
    const row = connection.get('SELECT id FROM series WHERE job = ? AND metric = ?', job, metric);
    const value = row === undefined ? undefined : recentMean(connection, number(row, 'id'), step, points);
    if (value !== undefined) return { metric, value };
  }
  return undefined;
}

/** Records what a job made; `duplicate`: the library had that content before. */
export function addOutput(
  connection: Connection,
  job: string,
  entity: 'checkpoint' | 'dataset',
  id: string,
  duplicate: boolean,
): void {
  connection.run(
    'INSERT OR IGNORE INTO job_output (job, entity, entity_id, duplicate) VALUES (?, ?, ?, ?)',
    job,
    entity,
    id,
    duplicate ? 1 : 0,
  );
}

/** The row of an imported checkpoint; the same content gives the row that is there, said as a duplicate. */
export function addImported(
  connection: Connection,
  job: string | null,
  name: string,
  facts: CheckpointFacts,
): { id: string; duplicate: boolean } {
  const known = connection.get(`SELECT id FROM checkpoint WHERE kind = 'imported' AND sha256 = ?`, facts.sha256);
  const id = known === undefined ? newId('c') : text(known, 'id');
  if (known === undefined)
    connection.run(
      `INSERT INTO checkpoint (id, name, kind, sha256, facts, job, created_at) VALUES (?, ?, 'imported', ?, ?, ?, ?)`,
      id,
      name,
      facts.sha256,
      encode(facts),
      job,
      new Date().toISOString(),
    );
  else connection.run('UPDATE checkpoint SET damaged = 0 WHERE id = ?', id);
  if (job !== null) addOutput(connection, job, 'checkpoint', id, known !== undefined);
  return { id, duplicate: known !== undefined };
}

/** Oldest first. */
export function listCheckpoints(connection: Connection): CheckpointRecord[] {
  return connection.all('SELECT * FROM checkpoint ORDER BY ordinal').map(checkpointRecord);
}

/** Errors: NOT_FOUND. */
export function getCheckpoint(connection: Connection, id: string): CheckpointRecord {
  return checkpointRecord(checkpointRow(connection, id));
}

/** Errors: NOT_FOUND. */
export function checkpointRow(connection: Connection, id: string): SqlRow {
  const row = connection.get('SELECT * FROM checkpoint WHERE id = ?', id);
  if (row === undefined) throw new DecantError('NOT_FOUND', `there is no checkpoint ${id}`);
  return row;
}

/** The last checkpoint that a job made or imported; undefined when it has none. */
export function lastCheckpointOf(connection: Connection, job: string): CheckpointRecord | undefined {
  const row = connection.get(
    `SELECT checkpoint.* FROM checkpoint JOIN job_output ON entity = 'checkpoint' AND entity_id = checkpoint.id
      WHERE job_output.job = ? AND damaged = 0 ORDER BY step DESC, job_output.ordinal DESC LIMIT 1`,
    job,
  );
  return row === undefined ? undefined : checkpointRecord(row);
}

/** Training checkpoints of a run that training can continue from, newest step first. */
export function resumableCheckpoints(connection: Connection, job: string): CheckpointRecord[] {
  return connection
    .all(
      `SELECT * FROM checkpoint WHERE job = ? AND kind = 'run' AND damaged = 0 ORDER BY step DESC, ordinal DESC`,
      job,
    )
    .map(checkpointRecord)
    .filter((checkpoint) => checkpoint.facts.trainingState);
}

/** A file that is missing or changed: its row stays, but nothing is resumed from it and retention does not count it. */
export function markDamaged(connection: Connection, id: string): void {
  connection.run('UPDATE checkpoint SET damaged = 1 WHERE id = ?', id);
}

/** Errors: NOT_FOUND. */
export function pinCheckpoint(connection: Connection, id: string, pinned: boolean): CheckpointRecord {
  connection.run('UPDATE checkpoint SET pinned = ? WHERE id = ?', pinned ? 1 : 0, id);
  return getCheckpoint(connection, id);
}

/** The checkpoint with the smallest score of a run; undefined when none was judged. */
export function bestCheckpointOf(connection: Connection, job: string): string | undefined {
  const row = connection.get(
    `SELECT id FROM checkpoint WHERE job = ? AND kind = 'run' AND damaged = 0 AND score IS NOT NULL
      ORDER BY score, step LIMIT 1`,
    job,
  );
  return row === undefined ? undefined : text(row, 'id');
}

/**
 * Retention of a run: the last `keepLast` checkpoints stay, and the best, the pinned and those that a job which has not ended reads.
 * The others' rows go; a file is named as garbage once no row refers to its content. Returns the ids of the rows removed.
 */
export function dropSurplusCheckpoints(connection: Connection, job: string): string[] {
  const { kind, configuration } = getJobRow(connection, job);
  if (kind !== 'train') return [];
  const keepLast = jobConfigurationSchemas.train.safeParse(configuration).data?.keepLast;
  if (keepLast === undefined) return [];
  const best = bestCheckpointOf(connection, job);
  const surplus = connection
    .all(
      `SELECT id, sha256, pinned FROM checkpoint WHERE job = ? AND kind = 'run' AND damaged = 0
        ORDER BY step DESC, ordinal DESC LIMIT -1 OFFSET ?`,
      job,
      keepLast,
    )
    .filter((row) => row.pinned === 0 && row.id !== best && readers(connection, text(row, 'id')).length === 0);
  for (const row of surplus) removeCheckpointRow(connection, text(row, 'id'), text(row, 'sha256'));
  return surplus.map((row) => text(row, 'id'));
}

/** Its file becomes garbage once no row has its content. */
export function removeCheckpointRow(connection: Connection, id: string, sha256: string): void {
  connection.run('DELETE FROM checkpoint WHERE id = ?', id);
  connection.run(`DELETE FROM job_output WHERE entity = 'checkpoint' AND entity_id = ?`, id);
  if (connection.get('SELECT 1 FROM checkpoint WHERE sha256 = ?', sha256) !== undefined) return;
  addGarbage(connection, 'checkpoint', sha256);
  forgetTeacher(connection, sha256);
}

/** Jobs that have not ended and read the checkpoint or dataset. */
export function readers(connection: Connection, entityId: string): string[] {
  return connection
    .all(
      `SELECT DISTINCT job.id AS id, job.name AS name FROM job_input JOIN job ON job.id = job_input.job
        WHERE entity_id = ? AND job.state IN ('queued', 'running', 'stopping')`,
      entityId,
    )
    .map((row) => `${text(row, 'id')} (${textOrNull(row, 'name') ?? ''})`);
}
