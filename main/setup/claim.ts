import { createHash, randomUUID } from 'node:crypto';
import { link, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { DecantError } from '../../shared/errors.ts';
import { explainWriteFailure, systemCodeOf } from '../files/failures.ts';
import { claimTemporary, ensureFolder, forgetTemporary, removeFiles, syncFolder } from '../files/folders.ts';
import { isSameProcessAlive, processStartTime } from '../jobs/folder/processes.ts';

/** `id` makes each claim's text its own, also where one process claims twice. */
const claimSchema = z.object({ pid: z.int().positive(), started: z.string().nullable(), id: z.string().optional() });

/** A claim appears whole. One that cannot be read is a damaged one, unless it is so young that something else may still write it. */
const unreadableMilliseconds = 60_000;
/** Looks at a claim that others take and give back meanwhile. */
const attempts = 50;

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return undefined;
    throw explainWriteFailure(thrown, path);
  }
}

function parseClaim(text: string): z.infer<typeof claimSchema> | undefined {
  try {
    return claimSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Who holds a claim of this text, in words; undefined where nobody does any more. */
async function holderOf(path: string, text: string): Promise<string | undefined> {
  const claim = parseClaim(text);
  if (claim !== undefined)
    return (await isSameProcessAlive(claim.pid, claim.started)) === 'gone' ? undefined : `process ${claim.pid}`;
  const written = (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
  return Date.now() - written < unreadableMilliseconds ? 'an unknown process' : undefined;
}

/** Writes a claim beside its name and lets `place` give it the name: nobody ever reads half of one. */
async function placeClaim(path: string, text: string, place: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = claimTemporary(dirname(path));
  try {
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await place(temporary);
  } finally {
    await unlink(temporary).catch(() => undefined);
    forgetTemporary(temporary);
  }
  await syncFolder(dirname(path));
}

async function take(path: string, text: string): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    await ensureFolder(dirname(path));
    const found = await readText(path);
    if (found === undefined) {
      try {
        await placeClaim(path, text, (temporary) => link(temporary, path));
        return;
      } catch (thrown) {
        // Another came first, or the folder was just removed.
        if (systemCodeOf(thrown) === 'EEXIST' || systemCodeOf(thrown) === 'ENOENT') continue;
        throw explainWriteFailure(thrown, path);
      }
    }
    const holder = await holderOf(path, found);
    if (holder !== undefined) throw new DecantError('IN_USE', `${holder} works in ${dirname(path)}`);
    if (await takeOver(path, found, text)) return;
  }
  throw new DecantError('IN_USE', `others work in ${dirname(path)}`);
}

function takeOverPath(path: string, stale: string): string {
  return `${path}.${createHash('sha256').update(stale).digest('hex').slice(0, 16)}`;
}

/**
 * Puts a claim in the place of a dead process's. Only who holds the claim on that very text may: the text never comes again, so that one who read
 * it long ago can replace nobody else's. False: another was faster.
 */
async function takeOver(path: string, stale: string, text: string): Promise<boolean> {
  const right = takeOverPath(path, stale);
  await take(right, text);
  try {
    if ((await readText(path)) !== stale) return false;
    await placeClaim(path, text, (temporary) => rename(temporary, path));
    return true;
  } catch (thrown) {
    throw explainWriteFailure(thrown, path);
  } finally {
    await release(right, text);
  }
}

/** Removes a claim only as long as it is one's own. */
async function release(path: string, text: string): Promise<void> {
  if ((await readText(path)) === text) await removeFiles([path]);
}

/** Rights to take over what is taken over by now, of processes that were killed with them. */
async function removeOldRights(path: string): Promise<void> {
  const names = (await readdir(dirname(path))).filter((name) => name.startsWith(`${basename(path)}.`));
  await removeFiles(names.map((name) => join(dirname(path), name)));
}

/**
 * Takes a tool's folder for this process: libraries share it, so that two set-ups could meet there. What a dead process left is taken over.
 * Returns the release. Errors: IN_USE, FILE_UNWRITABLE, DISK_FULL.
 */
export async function claimFolder(path: string): Promise<() => Promise<void>> {
  const started = await processStartTime(process.pid);
  const text = JSON.stringify({ pid: process.pid, started, id: randomUUID() });
  await take(path, text);
  await removeOldRights(path);
  return () => release(path, text);
}
