import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeUnreferencedSegments } from '../data/segment.ts';
import { removeTemporaryFiles } from '../files/folders.ts';
import { type LibraryPaths } from '../files/library.ts';
import { jobPathsIn } from '../jobs/folder/layout.ts';
import { mayStillRun } from '../jobs/recovery.ts';
import { type Store } from '../store/store.ts';

/** Also an engine that was just started when its host went, and has not said yet that it writes. */
async function mayStillWrite(library: LibraryPaths, store: Store): Promise<boolean> {
  for (const job of await store.supervision.jobsInState(['running', 'stopping']))
    if (await mayStillRun(job, jobPathsIn(library, job.id), Number.POSITIVE_INFINITY)) return true;
  return false;
}

/**
 * Removes what killed engines left: temporary files, and segments that no manifest lists. Call it before any job starts. While
 * an old engine still saves its work nothing is touched: the next start will do it.
 */
export async function removeLeftovers(
  library: LibraryPaths,
  store: Store,
  log: (message: string) => void,
): Promise<void> {
  if (await mayStillWrite(library, store)) return;
  try {
    const teachers = await readdir(library.labels).catch(() => []);
    const folders = [
      library.checkpoints,
      library.manifests,
      ...teachers.map((teacher) => join(library.labels, teacher)),
    ];
    for (const folder of folders) await removeTemporaryFiles(folder);
    await removeUnreferencedSegments(library);
  } catch (thrown) {
    // Leftovers cost space, nothing else: a library that cannot be tidied still opens.
    log(`what killed jobs left could not be removed: ${String(thrown)}`);
  }
}
