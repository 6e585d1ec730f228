import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { contentTypes } from './contentTypes.ts';

/** Names that the build gives: one folder, no path that could leave it. */
const assetPath = /^\/assets\/[\w-][\w.-]*$/;

export interface WindowFile {
  type: string;
  content: Buffer;
}

export function isAsset(path: string): boolean {
  return assetPath.test(path);
}

/** The built window's page (`/`) or one of its assets; undefined for anything else and where the window was not built. */
export async function readWindowFile(folder: string, path: string): Promise<WindowFile | undefined> {
  const name = path === '/' ? 'index.html' : isAsset(path) ? path.slice(1) : undefined;
  const type = name === undefined ? undefined : contentTypes[extname(name)];
  if (name === undefined || type === undefined) return undefined;
  try {
    return { type, content: await readFile(join(folder, name)) };
  } catch {
    return undefined;
  }
}
