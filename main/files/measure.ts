import { lstat, opendir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

/** Files whose sizes are asked for at once: the host's other files must not wait behind a long scan. */
const chunk = 16;

/** The size of a file in bytes; 0 for a folder, a link and what is not there. */
export async function fileBytes(path: string): Promise<number> {
  const status = await lstat(path).catch(() => undefined);
  return status?.isFile() === true ? status.size : 0;
}

/** Adds the sizes of files, a few at a time. */
export async function filesBytes(paths: readonly string[]): Promise<number> {
  let bytes = 0;
  for (let first = 0; first < paths.length; first += chunk)
    for (const size of await Promise.all(paths.slice(first, first + chunk).map(fileBytes))) bytes += size;
  return bytes;
}

/**
 * Every file below a folder with its bytes, path relative to the folder, in chunks; a folder that is not there has none. Links are not
 * followed. What vanishes meanwhile is left out.
 */
export async function* filesBelow(folder: string): AsyncGenerator<{ path: string; bytes: number }> {
  let waiting: string[] = [];
  const measured = async () =>
    Promise.all(waiting.map(async (path) => ({ path: relative(folder, path), bytes: await fileBytes(path) })));
  for (const pending = [folder]; pending.length > 0;) {
    const next = pending.pop() ?? folder;
    const entries = await opendir(next).catch(() => undefined);
    if (entries === undefined) continue;
    for await (const entry of entries) {
      const path = join(next, entry.name);
      if (entry.isDirectory()) pending.push(path);
      else if (entry.isFile()) waiting.push(path);
      if (waiting.length < chunk) continue;
      yield* await measured();
      waiting = [];
    }
  }
  yield* await measured();
}

/** All bytes below a folder. */
export async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  for await (const file of filesBelow(folder)) bytes += file.bytes;
  return bytes;
}

/** The bytes below each entry of a folder, by the entry's name. */
export async function bytesByEntry(folder: string): Promise<Map<string, number>> {
  const bytes = new Map<string, number>();
  for await (const file of filesBelow(folder)) {
    const [name = ''] = file.path.split(sep);
    bytes.set(name, (bytes.get(name) ?? 0) + file.bytes);
  }
  return bytes;
}
