import { createReadStream } from 'node:fs';
import { lstat, mkdir, readdir, rm, statfs } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { DecantError } from '../../shared/errors.ts';
import { writeFileDurably } from '../files/durable.ts';
import { explainReadFailure } from '../files/failures.ts';
import { ensureFolder } from '../files/folders.ts';
import { sha256OfFile } from '../files/hash.ts';
import { libraryPaths } from '../files/library.ts';

interface Found {
  /** Relative to the library folder. */
  path: string;
  bytes: number;
}

/** Bytes kept free beyond what the copy takes. */
const reserve = 64 * 1024 * 1024;

/**
 * Copies a closed library into an empty or new folder and reads every copy back. The original is never touched; a copy that fails is
 * removed again. `onProgress` hears bytes done and in all.
 * Errors: IN_USE for a target that is not empty or lies within the library (or the other way round), DISK_FULL, FILE_UNREADABLE for
 * what cannot be read and for a link in the library, FILE_UNWRITABLE, HASH_MISMATCH where a copy does not read as it was written.
 */
export async function copyLibrary(
  from: string,
  to: string,
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<{ files: number; bytes: number }> {
  const source = resolve(from);
  const target = resolve(to);
  if (contains(source, target) || contains(target, source))
    throw new DecantError('IN_USE', `${target} and the library lie within one another`);
  const existed = await isEmptyFolder(target);
  const found = await listFiles(source);
  const total = found.reduce((sum, { bytes }) => sum + bytes, 0);
  await ensureFolder(target);
  try {
    const { bavail, bsize } = await statfs(target);
    if (bavail * bsize < total + reserve)
      throw new DecantError('DISK_FULL', `${target} has ${bavail * bsize} bytes free, the library takes ${total}`);
    let done = 0;
    for (const { path, bytes } of found) {
      await copyFileChecked(join(source, path), join(target, path));
      done += bytes;
      onProgress(done, total);
    }
    return { files: found.length, bytes: total };
  } catch (thrown) {
    // Only what was made here goes: the folder itself stays where it was there before.
    for (const name of await readdir(target).catch(() => []))
      await rm(join(target, name), { recursive: true, force: true });
    if (!existed) await rm(target, { recursive: true, force: true });
    throw thrown;
  }
}

function contains(folder: string, other: string): boolean {
  return other === folder || other.startsWith(folder + sep);
}

/** Whether the folder is there, empty; false where it is not there. Errors: IN_USE. */
async function isEmptyFolder(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch((thrown: unknown) => {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    throw explainReadFailure(thrown, folder);
  });
  if (names !== undefined && names.length > 0) throw new DecantError('IN_USE', `${folder} is not empty`);
  return names !== undefined;
}

/** Every file but those that say who has the library open. Errors: FILE_UNREADABLE naming a link, which a copy would lose. */
async function listFiles(library: string): Promise<Found[]> {
  const { lock, lockGuard } = libraryPaths(library);
  const passing = new Set([lock, lockGuard].map((path) => relative(library, path)));
  const found: Found[] = [];
  for (const entry of await readdir(library, { recursive: true, withFileTypes: true })) {
    const path = relative(library, join(entry.parentPath, entry.name));
    if (entry.isDirectory() || passing.has(path)) continue;
    // Behind a link may lie all checkpoints, on another disk: a copy without them is none, and one with them is not what was asked for.
    if (!entry.isFile())
      throw new DecantError(
        'FILE_UNREADABLE',
        `${join(library, path)} is a link: put what it stands for in its place first`,
      );
    found.push({ path, bytes: (await lstat(join(library, path))).size });
  }
  return found;
}

async function copyFileChecked(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  const written = await writeFileDurably(to, readWhole(from));
  const { sha256 } = await sha256OfFile(to);
  if (sha256 !== written.sha256) throw new DecantError('HASH_MISMATCH', `${to} does not read as it was written`);
}

async function* readWhole(path: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) yield chunk;
  } catch (thrown) {
    throw explainReadFailure(thrown, path);
  }
}
