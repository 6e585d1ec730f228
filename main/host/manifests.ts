import { readdir } from 'node:fs/promises';
import { removeFiles } from '../files/folders.ts';
import { manifestFile, type LibraryPaths } from '../files/library.ts';
import { loadManifest } from '../data/manifest.ts';
import { removeSegments } from '../data/segment.ts';

/** Removes manifests and the segments that no living one names. A living manifest that cannot be read keeps everything. */
export async function removeManifests(
  library: LibraryPaths,
  manifests: readonly string[],
  living: readonly string[],
): Promise<void> {
  const needed = new Set<string>();
  for (const manifest of living)
    for (const segment of (await loadManifest(library, manifest)).segments) needed.add(segment.sha256);
  const present = new Set(await readdir(library.segments).catch(() => []));
  const doomed = new Set<string>();
  for (const manifest of manifests) {
    // One that is gone already was removed by a former attempt.
    const segments = await loadManifest(library, manifest).then(
      (loaded) => loaded.segments,
      () => [],
    );
    for (const { sha256 } of segments) if (!needed.has(sha256) && present.has(sha256)) doomed.add(sha256);
  }
  await removeSegments(library, [...doomed]);
  await removeFiles(manifests.map((manifest) => manifestFile(library, manifest)));
}
