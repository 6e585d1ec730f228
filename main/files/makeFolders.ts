import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder with its missing parents; returns the topmost one made, undefined where all were there. Node's own recursive mkdir never
 * ends where a system answers "no such folder" below a folder that exists, as Linux does below /proc. Errors: those of the system.
 */
export function makeFolders(folder: string): string | undefined {
  const path = resolve(folder);
  if (isFolder(path)) return undefined;
  const parent = dirname(path);
  const topmost = parent === path ? undefined : makeFolders(parent);
  try {
    mkdirSync(path);
  } catch (thrown) {
    // Another process was quicker.
    if (!isFolder(path)) throw thrown;
    return topmost;
  }
  return topmost ?? path;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
