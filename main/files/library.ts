import { join } from 'node:path';

/**
 * Where everything lies in a library folder. Nothing else spells these names.
 */
export interface LibraryPaths {
  readonly home: string;
  readonly database: string;
  readonly backups: string;
  readonly lock: string;
  /** Held while the lock is looked at and taken. */
  readonly lockGuard: string;
  /** Files that a browser sends, until their import has read them. */
  readonly uploads: string;
  readonly jobs: string;
  readonly checkpoints: string;
  readonly segments: string;
  readonly manifests: string;
  readonly labels: string;
}

export function libraryPaths(home: string): LibraryPaths {
  return {
    home,
    database: join(home, 'decant.sqlite'),
    backups: join(home, 'backups'),
    lock: join(home, 'lock.json'),
    lockGuard: join(home, 'lock.guard'),
    uploads: join(home, 'uploads'),
    jobs: join(home, 'jobs'),
    checkpoints: join(home, 'checkpoints'),
    segments: join(home, 'datasets', 'segments'),
    manifests: join(home, 'datasets', 'manifests'),
    labels: join(home, 'datasets', 'labels'),
  };
}

/** A checkpoint's file is named by the hash of its content. */
export function checkpointFile(paths: LibraryPaths, sha256: string): string {
  return join(paths.checkpoints, `${sha256}.safetensors`);
}

export function manifestFile(paths: LibraryPaths, sha256: string): string {
  return join(paths.manifests, `${sha256}.json`);
}

/** A sealed segment is a folder named by the hash of its columns. */
export function segmentFolder(paths: LibraryPaths, segment: string): string {
  return join(paths.segments, segment);
}

/** Labels are keyed by the teacher's content and the segment's. */
export function labelFile(paths: LibraryPaths, teacherSha256: string, segment: string): string {
  return join(paths.labels, teacherSha256, `${segment}.npy`);
}

export function jobFolder(paths: LibraryPaths, job: string): string {
  return join(paths.jobs, job);
}
