import { open, readdir, rename, rm, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { faultPoint } from './faults.ts';
import { explainWriteFailure, systemCodeOf } from './failures.ts';
import { makeFolders } from './makeFolders.ts';

/**
 * Makes the entries of a folder (new, renamed, removed names) survive a power cut.
 * Windows cannot open a folder for that: there it does nothing, and NTFS's journal alone keeps the order of renames.
 */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  try {
    faultPoint('syncFolder', folder);
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    // Some network file systems refuse fsync on folders: nothing more can be done there.
    if (systemCodeOf(thrown) === 'EINVAL' || systemCodeOf(thrown) === 'ENOTSUP') return;
    throw explainWriteFailure(thrown, folder);
  }
}

/** Creates a folder with its missing parents, durably. Errors: DISK_FULL, FILE_UNWRITABLE. */
export async function ensureFolder(folder: string): Promise<void> {
  const path = resolve(folder);
  let firstCreated: string | undefined;
  try {
    firstCreated = makeFolders(path);
  } catch (thrown) {
    throw explainWriteFailure(thrown, path);
  }
  if (firstCreated === undefined) return;
  const top = dirname(resolve(firstCreated));
  for (let parent = dirname(path); ; parent = dirname(parent)) {
    await syncFolder(parent);
    if (parent === top || parent === dirname(parent)) return;
  }
}

/** Removes files; one that is not there is fine. Each folder concerned is synced once. Errors: FILE_UNWRITABLE. */
export async function removeFiles(paths: readonly string[]): Promise<void> {
  const folders = new Set<string>();
  for (const path of paths) {
    try {
      faultPoint('remove', path);
      await unlink(path);
      folders.add(dirname(path));
    } catch (thrown) {
      if (systemCodeOf(thrown) !== 'ENOENT') throw explainWriteFailure(thrown, path);
    }
  }
  for (const folder of folders) await syncFolder(folder);
}

/** Removes a folder with everything in it; one that is not there is fine. Errors: FILE_UNWRITABLE. */
export async function removeFolder(path: string): Promise<void> {
  try {
    faultPoint('remove', path);
    await rm(path, { recursive: true, force: true });
    await syncFolder(dirname(path));
  } catch (thrown) {
    if (systemCodeOf(thrown) !== 'ENOENT') throw explainWriteFailure(thrown, path);
  }
}

/** Renames a file or folder within one file system, durably. A file at `to` is replaced. Errors: DISK_FULL, FILE_UNWRITABLE. */
export async function moveDurably(from: string, to: string): Promise<void> {
  try {
    faultPoint('rename', to);
    await rename(from, to);
  } catch (thrown) {
    throw explainWriteFailure(thrown, to);
  }
  await syncFolder(dirname(to));
  if (dirname(from) !== dirname(to)) await syncFolder(dirname(from));
}

const temporaryName = /^\.decant-(\d+)-[0-9a-f]+\.tmp$/;
const openTemporaries = new Set<string>();
let temporaryCount = 0;

/** A name for a file that is being written, known as ours until it is forgotten. */
export function claimTemporary(folder: string): string {
  temporaryCount += 1;
  const random = crypto.randomUUID().slice(0, 8);
  const path = join(resolve(folder), `.decant-${process.pid}-${random}${temporaryCount.toString(16)}.tmp`);
  openTemporaries.add(path);
  return path;
}

export function forgetTemporary(path: string): void {
  openTemporaries.delete(path);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return systemCodeOf(thrown) === 'EPERM';
  }
}

/**
 * Removes the temporary files that writers left in a folder when they were killed. Those of other living processes and of writers
 * open in this thread stay; call it before starting worker threads that write to the same folder.
 */
export async function removeTemporaryFiles(folder: string): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return [];
    throw explainWriteFailure(thrown, folder);
  }
  const stale = names
    .map((name) => join(resolve(folder), name))
    .filter((path) => {
      const pid = Number(temporaryName.exec(basename(path))?.[1] ?? Number.NaN);
      if (Number.isNaN(pid)) return false;
      return pid === process.pid ? !openTemporaries.has(path) : !isAlive(pid);
    });
  await removeFiles(stale);
  return stale;
}
