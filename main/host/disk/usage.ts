import { readdir } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import type { LibraryUsage } from '../../../shared/diskUse.ts';
import { checkpointFile } from '../../files/library.ts';
import { bytesByEntry, fileBytes, filesBelow, filesBytes, folderBytes } from '../../files/measure.ts';
import type { JobRow } from '../../store/records.ts';
import { type HostServices } from '../services.ts';
import { freeDiskBytes } from './freeDisk.ts';
import { isTakenMark } from './taken.ts';

/** What a scan of the library folder found. */
export interface Scan {
  readonly bytes: LibraryUsage['bytes'];
  readonly freeDiskBytes: number;
  /** Files of `checkpoints` by name. */
  readonly checkpoints: ReadonlyMap<string, number>;
  /** Files of `manifests` by name. */
  readonly manifests: ReadonlyMap<string, number>;
  /** Folders of `segments` by name. */
  readonly segments: ReadonlyMap<string, number>;
  /** Label folders by the teacher's hash. */
  readonly labels: ReadonlyMap<string, number>;
  readonly backups: ReadonlyMap<string, number>;
  readonly jobs: ReadonlyMap<string, number>;
  /** Jobs whose file somebody took. */
  readonly taken: readonly string[];
  /** Jobs that ran when the scan began: rows of files that it found may still have been on their way. */
  readonly running: readonly JobRow[];
}

export type Scanned = Pick<HostServices, 'library' | 'store'>;

/**
 * Measures the library folder. Nothing waits on it but its caller: sizes that rows hold are not asked of the disk, the others a few at a
 * time. Folders of the library folder that are not Decant's are not looked into.
 */
export async function scanLibrary({ library, store }: Scanned): Promise<Scan> {
  const running = await store.supervision.jobsInState(['running', 'stopping']);
  const checkpoints = await scanCheckpoints({ library, store });
  const manifests = await bytesByEntry(library.manifests);
  const segments = await bytesByEntry(library.segments);
  const labels = await bytesByEntry(library.labels);
  const backups = await bytesByEntry(library.backups);
  const jobs = new Map<string, number>();
  const taken: string[] = [];
  for await (const { path, bytes } of filesBelow(library.jobs)) {
    const [job = ''] = path.split(sep);
    jobs.set(job, (jobs.get(job) ?? 0) + bytes);
    if (isTakenMark(path)) taken.push(job);
  }
  const databaseFiles = ['', '-wal', '-shm'].map((ending) => `${library.database}${ending}`);
  const ownNames = new Set(databaseFiles.map((path) => basename(path)));
  const others = (await readdir(library.home)).filter((name) => !ownNames.has(name));
  return {
    bytes: {
      checkpoints: sum(checkpoints),
      datasets: sum(manifests) + sum(segments),
      labels: sum(labels),
      jobs: sum(jobs),
      database: await filesBytes(databaseFiles),
      backups: sum(backups),
      other: (await filesBytes(others.map((name) => join(library.home, name)))) + (await folderBytes(library.uploads)),
    },
    freeDiskBytes: await freeDiskBytes(library.home),
    checkpoints,
    manifests,
    segments,
    labels,
    backups,
    jobs,
    taken,
    running,
  };
}

async function scanCheckpoints({ library, store }: Scanned): Promise<Map<string, number>> {
  const known = new Map<string, number>();
  for (const { facts } of await store.contents.listCheckpoints())
    known.set(basename(checkpointFile(library, facts.sha256)), facts.bytes);
  const sizes = new Map<string, number>();
  for (const name of await readdir(library.checkpoints).catch(() => []))
    sizes.set(name, known.get(name) ?? (await fileBytes(join(library.checkpoints, name))));
  return sizes;
}

function sum(sizes: ReadonlyMap<string, number>): number {
  return [...sizes.values()].reduce((total, bytes) => total + bytes, 0);
}
