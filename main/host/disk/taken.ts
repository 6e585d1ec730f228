import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { jobPaths } from '../../jobs/folder/layout.ts';

const mark = 'taken';

/** Notes that a copy of an export job's file has left the library. A file outside a job folder is the person's: nothing is written there. */
export async function markTaken(path: string): Promise<void> {
  const folder = dirname(path);
  if (!existsSync(jobPaths(folder).job)) return;
  // Without the mark the file is only not offered for freeing.
  await writeFile(join(folder, mark), '').catch(() => undefined);
}

/** Whether a file of a job folder is that mark. */
export function isTakenMark(path: string): boolean {
  return basename(path) === mark;
}
