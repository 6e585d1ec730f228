import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Connection } from '../../../main/store/connection.ts';
import { insertJob, type NewJob } from '../../../main/store/jobs.ts';
import { openDatabase } from '../../../main/store/open.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

/** An empty database of its own; closed with the test. */
export function temporaryDatabase(): Connection {
  const folder = temporaryFolder();
  const connection = openDatabase({ file: join(folder, 'x.sqlite'), backups: join(folder, 'backups') });
  onTestFinished(() => {
    connection.close();
  });
  return connection;
}

export const runConfiguration = { method: 'scratch', dataset: 'd', steps: 1000, keepLast: 2 };

export function newRun(changes: Partial<NewJob> = {}): NewJob {
  return { kind: 'train', name: 'a run', configuration: runConfiguration, codeVersion: '0', steps: 1000, ...changes };
}

/** A run that counts as running. */
export function runningRun(connection: Connection, changes: Partial<NewJob> = {}): string {
  const id = insertJob(connection, newRun(changes));
  connection.run(`UPDATE job SET state = 'running' WHERE id = ?`, id);
  return id;
}
