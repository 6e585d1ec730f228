import { statfs } from 'node:fs/promises';

/** Bytes that may still be written in a folder that exists. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
