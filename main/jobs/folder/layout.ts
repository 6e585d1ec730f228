import { join } from 'node:path';
import { jobFolder, type LibraryPaths } from '../../files/library.ts';

/** The files of a job folder; shared/jobFolder.ts says what they hold. */
export interface JobPaths {
  readonly folder: string;
  readonly job: string;
  readonly start: string;
  readonly spool: string;
  readonly log: string;
  /** Which process writes here: its id and start time. */
  readonly claim: string;
}

export function jobPaths(folder: string): JobPaths {
  return {
    folder,
    job: join(folder, 'job.json'),
    start: join(folder, 'start.json'),
    spool: join(folder, 'spool.jsonl'),
    log: join(folder, 'log.txt'),
    claim: join(folder, 'engine.json'),
  };
}

export function jobPathsIn(library: LibraryPaths, job: string): JobPaths {
  return jobPaths(jobFolder(library, job));
}
