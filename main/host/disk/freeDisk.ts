import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Bytes that may still be written where a folder lies, or will lie. */
export async function freeDiskBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (thrown) {
    const parent = dirname(folder);
    if (parent === folder) throw thrown;
    return freeDiskBytes(parent);
  }
}
