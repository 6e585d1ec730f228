import { readFileSync, renameSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { z } from 'zod';
import { DecantError } from '../../shared/errors.ts';
import { explainWriteFailure } from '../files/failures.ts';
import { makeFolders } from '../files/makeFolders.ts';
import { libraryPaths } from '../files/library.ts';
import { isSameProcessAlive, processStartTime } from '../jobs/folder/processes.ts';
import { openSqlite } from '../store/sqlite.ts';

const lockSchema = z.object({
  pid: z.int().positive(),
  /** When that process started; null where the platform does not say. */
  startTime: z.string().nullable(),
  /** The local socket that it listens on. */
  address: z.string(),
  /** The folder that is locked: a copy of a library brings this file along, and must not lead to the original. */
  folder: z.string(),
  openedAt: z.iso.datetime(),
});
export type LockHolder = z.infer<typeof lockSchema>;

export interface LibraryLock {
  release(): Promise<void>;
}

/** Who holds the library at this moment, if anyone alive does. */
export async function findLockHolder(home: string): Promise<LockHolder | undefined> {
  const holder = readLock(home);
  return holder !== undefined && (await mayBeAlive(holder)) ? holder : undefined;
}

/** A start time that cannot be read counts as the same one: better to refuse once too often than to meet another writer. */
async function mayBeAlive({ pid, startTime }: LockHolder): Promise<boolean> {
  return (await isSameProcessAlive(pid, startTime)) !== 'gone';
}

/**
 * Takes the library for this process, or from a dead one: `onStale` then hears whose lock it was.
 * The test and the writing of lock.json happen inside a lock of the operating system (SQLite's, on a file beside it), which no kill
 * leaves behind: two hosts that start together cannot both find the old lock stale.
 * Errors: LIBRARY_LOCKED with the holder's pid, FILE_UNWRITABLE, DISK_FULL.
 */
export async function acquireLock(
  home: string,
  address: string,
  onStale?: (holder: LockHolder) => void,
): Promise<LibraryLock> {
  const { lock } = libraryPaths(home);
  const startTime = await processStartTime(process.pid);
  try {
    makeFolders(home);
    const openedAt = new Date().toISOString();
    const holder: LockHolder = { pid: process.pid, startTime, address, folder: folderIdentity(home), openedAt };
    await exclusively(home, async () => {
      const old = readLock(home);
      if (old !== undefined && (await mayBeAlive(old)))
        throw new DecantError('LIBRARY_LOCKED', `process ${old.pid} has ${home} open since ${old.openedAt}`);
      if (old !== undefined) onStale?.(old);
      const temporary = `${lock}.tmp`;
      try {
        writeFileSync(temporary, `${JSON.stringify(holder, null, 2)}\n`, { mode: 0o600 });
        renameSync(temporary, lock);
      } catch (thrown) {
        rmSync(temporary, { force: true });
        throw thrown;
      }
    });
  } catch (thrown) {
    throw explainWriteFailure(thrown, lock);
  }
  return {
    release: () =>
      exclusively(home, () => {
        if (readLock(home)?.address === address) unlinkSync(lock);
      }),
  };
}

/** Stays when the folder is renamed; differs for a copy. */
function folderIdentity(home: string): string {
  const { dev, ino } = statSync(home, { bigint: true });
  return `${dev}:${ino}`;
}

/**
 * An unreadable lock counts as none: it was cut off by a crash of the system, which its writer did not survive. So does one
 * that was copied here with a library.
 */
function readLock(home: string): LockHolder | undefined {
  try {
    const holder = lockSchema.parse(JSON.parse(readFileSync(libraryPaths(home).lock, 'utf8')));
    return holder.folder === folderIdentity(home) ? holder : undefined;
  } catch {
    return undefined;
  }
}

/** Others hold the guard for a few reads and one write. */
const guardMilliseconds = 30_000;

async function exclusively(home: string, action: () => Promise<void> | void): Promise<void> {
  // It does not wait by itself: nothing else of this process would go on meanwhile.
  const database = openSqlite(libraryPaths(home).lockGuard, { timeout: 0 });
  try {
    await begin(database, home);
    // Nothing is ever stored in it.
    await action();
    database.exec('COMMIT');
  } finally {
    database.close();
  }
}

async function begin(database: Database.Database, home: string): Promise<void> {
  for (const deadline = Date.now() + guardMilliseconds; ;) {
    try {
      database.exec('BEGIN EXCLUSIVE');
      return;
    } catch (thrown) {
      if (!(thrown instanceof Database.SqliteError) || !thrown.code.startsWith('SQLITE_BUSY')) throw thrown;
      if (Date.now() > deadline)
        throw new DecantError('LIBRARY_LOCKED', `another process is opening ${home} at this moment`, { cause: thrown });
      await delay(20);
    }
  }
}
