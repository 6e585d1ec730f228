import type { StartFile } from '../../shared/jobFolder.ts';
import { sha256OfFile } from '../files/hash.ts';
import { checkpointFile, type LibraryPaths } from '../files/library.ts';
import type { Store } from '../store/store.ts';

/**
 * The newest training checkpoint of a job whose file is there and hashes right; undefined for a fresh start. Those whose file is not
 * are marked, with a message in the job.
 */
export async function findResumePoint(store: Store, library: LibraryPaths, job: string): Promise<StartFile['resume']> {
  for (const { id, step, facts } of await store.contents.resumableCheckpoints(job)) {
    const hash = await sha256OfFile(checkpointFile(library, facts.sha256)).then(
      ({ sha256 }) => sha256,
      () => undefined,
    );
    if (hash === facts.sha256 && step !== null) return { sha256: facts.sha256, step };
    await store.contents.markDamaged(id);
    const problem = hash === undefined ? 'its file is missing' : 'its file changed since it was written';
    await store.addMessage(job, 'warning', `Checkpoint ${id} at step ${String(step)} is not resumed from: ${problem}.`);
  }
  return undefined;
}
