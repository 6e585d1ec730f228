import { DecantError, type ErrorReport } from '../../shared/errors.ts';
import type { JobState } from '../../shared/jobs.ts';
import type { Connection } from './connection.ts';
import { getJobRow, jobsInState, nextPosition } from './jobs.ts';

const now = () => new Date().toISOString();

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

/** The engine of a running job: process id and start time, which together outlive the reuse of ids. */
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
