import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { removeFiles, removeFolder } from '../files/folders.ts';
import { checkpointFile, jobFolder, labelFile, type LibraryPaths } from '../files/library.ts';
import type { Store } from '../store/store.ts';

/**
 * Removes the files that no row refers to. Call it only while no engine writes checkpoints or datasets that might have the same content: an
 * engine writes the file first and its row comes later.
 * `removeManifests` knows datasets: it removes manifests and the segments that no living manifest names.
 */
export async function collectGarbage(
  store: Store,
  library: LibraryPaths,
  removeManifests: ((manifests: readonly string[], living: readonly string[]) => Promise<void>) | undefined,
): Promise<void> {
  const garbage = await store.listGarbage();
  if (garbage.checkpoints.length > 0) {
    await removeFiles(garbage.checkpoints.map((sha256) => checkpointFile(library, sha256)));
    // Labels of a teacher that is gone label nothing.
    const labels = garbage.checkpoints.map((sha256) => dirname(labelFile(library, sha256, '')));
    for (const folder of labels) if (existsSync(folder)) await removeFolder(folder);
  }
  for (const job of garbage.jobs) await removeFolder(jobFolder(library, job));
  const manifestsRemoved = removeManifests !== undefined && garbage.manifests.length > 0;
  if (manifestsRemoved) await removeManifests(garbage.manifests, await store.contents.livingManifests());
  await store.forgetGarbage({
    checkpoints: garbage.checkpoints,
    jobs: garbage.jobs,
    manifests: manifestsRemoved ? garbage.manifests : [],
  });
}
