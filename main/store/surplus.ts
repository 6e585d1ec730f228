import { decode } from '../../shared/codec.ts';
import { DecantError } from '../../shared/errors.ts';
import { checkpointFactsSchema } from '../../shared/facts.ts';
import { checkpointRow, removeCheckpointRow } from './checkpoints.ts';
import { text, type Connection } from './connection.ts';

/** A training checkpoint that nothing needs: its file would go with its row. */
export interface SurplusCheckpoint {
  id: string;
  name: string;
  sha256: string;
  bytes: number;
}

const ofRun = `SELECT id FROM checkpoint AS other WHERE other.job = checkpoint.job AND other.kind = 'run'`;

// A bundle that was made holds copies. Content that another row has frees nothing; a teacher with labels is used by them.
const surplus = `SELECT checkpoint.id AS id, checkpoint.name AS name, sha256, facts FROM checkpoint
  JOIN job ON job.id = checkpoint.job
  WHERE checkpoint.kind = 'run' AND pinned = 0 AND job.state NOT IN ('queued', 'running', 'stopping')
    AND checkpoint.id IS NOT (${ofRun} ORDER BY step DESC, ordinal DESC LIMIT 1)
    AND checkpoint.id IS NOT (${ofRun} AND damaged = 0 ORDER BY step DESC, ordinal DESC LIMIT 1)
    AND checkpoint.id IS NOT (${ofRun} AND damaged = 0 AND score IS NOT NULL ORDER BY score, step LIMIT 1)
    AND NOT EXISTS (SELECT 1 FROM job_input JOIN job AS reader ON reader.id = job_input.job WHERE entity_id = checkpoint.id
      AND (reader.kind <> 'bundle' OR reader.state IN ('queued', 'running', 'stopping')))
    AND NOT EXISTS (SELECT 1 FROM label_count WHERE teacher = checkpoint.sha256)
    AND NOT EXISTS (SELECT 1 FROM checkpoint AS twin WHERE twin.sha256 = checkpoint.sha256 AND twin.id <> checkpoint.id)
  ORDER BY checkpoint.ordinal`;

/** Checkpoints of runs that have ended which are neither the last nor the best, not pinned, and which no job ever read. */
export function surplusCheckpoints(connection: Connection): SurplusCheckpoint[] {
  return connection.all(surplus).map((row) => ({
    id: text(row, 'id'),
    name: text(row, 'name'),
    sha256: text(row, 'sha256'),
    bytes: checkpointFactsSchema.parse(decode(text(row, 'facts'))).bytes,
  }));
}

/** Removes such checkpoints, all or none; their files become garbage. Errors: NOT_FOUND, IN_USE for one that something needs by now. */
export function dropSurplus(connection: Connection, ids: readonly string[]): void {
  connection.transaction(() => {
    const known = new Map(surplusCheckpoints(connection).map((one) => [one.id, one]));
    for (const id of ids) {
      const found = known.get(id);
      if (found === undefined) {
        checkpointRow(connection, id);
        throw new DecantError('IN_USE', `${id} is needed by now: as the last or best of its run, by a job, or pinned`);
      }
      removeCheckpointRow(connection, id, found.sha256);
    }
  });
}
