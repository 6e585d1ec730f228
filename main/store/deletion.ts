import { DecantError } from '../../shared/errors.ts';
import { checkpointRow, readers, removeCheckpointRow } from './checkpoints.ts';
import { number, text, type Connection } from './connection.ts';
import { addGarbage } from './garbage.ts';
import { getJobRow } from './jobs.ts';
import { forgetManifest } from './labels.ts';
import type { EntityKind } from './references.ts';

/**
 * Removes an entry and what belongs to it alone; returns the ids of all rows that went. Files are named by `listGarbage` afterwards.
 * A run takes its checkpoints along, except pinned ones, which stay on their own. A group must be empty or all its jobs go.
 * Errors: NOT_FOUND, IN_USE naming what needs it.
 */
export function deleteEntry(connection: Connection, kind: EntityKind, id: string): string[] {
  return connection.transaction(() => {
    switch (kind) {
      case 'job':
        return deleteJob(connection, id);
      case 'checkpoint':
        return deleteCheckpoint(connection, id);
      case 'dataset':
        return deleteDataset(connection, id);
      case 'group': {
        const jobs = connection.all('SELECT id FROM job WHERE group_id = ? ORDER BY ordinal DESC', id);
        const removed = jobs.flatMap((row) => deleteJob(connection, text(row, 'id')));
        if (connection.run('DELETE FROM job_group WHERE id = ?', id).changes === 0)
          throw new DecantError('NOT_FOUND', `there is no group ${id}`);
        return [...removed, id];
      }
    }
  });
}

/** Removes jobs that lists do not show, such as estimates, once they have ended. Returns the ids of all rows that went. */
export function deleteEndedHidden(connection: Connection): string[] {
  return connection.transaction(() =>
    connection
      .all(
        `SELECT id FROM job WHERE hidden = 1 AND state NOT IN ('queued', 'running', 'stopping') AND id NOT IN (
          SELECT depends_on FROM job_dependency JOIN job AS later ON later.id = job_dependency.job
            WHERE later.state IN ('queued', 'running', 'stopping')) ORDER BY ordinal`,
      )
      .flatMap((row) => deleteJob(connection, text(row, 'id'))),
  );
}

/** Thrown to undo a transaction that has answered its question. */
class Undone extends Error {
  readonly removed: string[];

  constructor(removed: string[]) {
    super('undone');
    this.removed = removed;
  }
}

/** The ids that `deleteEntry` would remove; nothing changes. Errors: as deleteEntry. */
export function previewDeletion(connection: Connection, kind: EntityKind, id: string): string[] {
  try {
    return connection.transaction(() => {
      throw new Undone(deleteEntry(connection, kind, id));
    });
  } catch (thrown) {
    if (thrown instanceof Undone) return thrown.removed;
    throw thrown;
  }
}

function deleteJob(connection: Connection, id: string): string[] {
  const { state } = getJobRow(connection, id);
  if (state === 'running' || state === 'stopping') throw new DecantError('IN_USE', `${id} is ${state}: stop it first`);
  const waiting = connection.all(
    `SELECT job FROM job_dependency JOIN job ON job.id = job_dependency.job
      WHERE depends_on = ? AND job.state IN ('queued', 'running', 'stopping')`,
    id,
  );
  if (waiting.length > 0)
    throw new DecantError('IN_USE', `${waiting.map((row) => text(row, 'job')).join(', ')} waits for ${id}`);
  const checkpoints = connection.all(
    `SELECT id, sha256 FROM checkpoint WHERE job = ? AND kind = 'run' AND pinned = 0 ORDER BY ordinal`,
    id,
  );
  for (const row of checkpoints) {
    mustBeUnread(connection, text(row, 'id'));
    removeCheckpointRow(connection, text(row, 'id'), text(row, 'sha256'));
  }
  connection.run('DELETE FROM job WHERE id = ?', id);
  addGarbage(connection, 'job', id);
  return [id, ...checkpoints.map((row) => text(row, 'id'))];
}

function deleteCheckpoint(connection: Connection, id: string): string[] {
  const row = checkpointRow(connection, id);
  mustBeUnread(connection, id);
  if (row.kind === 'run' && row.job !== null) {
    const run = getJobRow(connection, text(row, 'job'));
    if (run.state === 'running' || run.state === 'stopping')
      throw new DecantError('IN_USE', `${run.id} is ${run.state} and may have to resume from ${id}`);
  }
  if (number(row, 'pinned') === 1) throw new DecantError('IN_USE', `${id} is pinned: unpin it first`);
  removeCheckpointRow(connection, id, text(row, 'sha256'));
  return [id];
}

function deleteDataset(connection: Connection, id: string): string[] {
  mustBeUnread(connection, id);
  const { changes } = connection.run(
    'UPDATE dataset SET deleted_at = ? WHERE id = ? AND deleted_at IS NULL',
    new Date().toISOString(),
    id,
  );
  if (changes === 0) throw new DecantError('NOT_FOUND', `there is no dataset ${id}`);
  const gone = connection.all(
    `SELECT manifest FROM dataset_version WHERE dataset = ? AND manifest NOT IN (
      SELECT manifest FROM dataset_version JOIN dataset ON dataset.id = dataset_version.dataset
        WHERE deleted_at IS NULL)`,
    id,
  );
  for (const row of gone) {
    addGarbage(connection, 'dataset', text(row, 'manifest'));
    forgetManifest(connection, text(row, 'manifest'));
  }
  return [id];
}

function mustBeUnread(connection: Connection, id: string): void {
  const jobs = readers(connection, id);
  if (jobs.length > 0) throw new DecantError('IN_USE', `${jobs.join(', ')} reads ${id}`);
}
