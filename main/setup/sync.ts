import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { explainWriteFailure } from '../files/failures.ts';
import { faultPoint } from '../files/faults.ts';
import { syncFolder } from '../files/folders.ts';

/** Makes a file that another program wrote survive a power cut; its folder is not synced. Errors: DISK_FULL, FILE_UNWRITABLE. */
export async function syncFile(path: string): Promise<void> {
  try {
    faultPoint('sync', path);
    const handle = await open(path, 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    throw explainWriteFailure(thrown, path);
  }
}

/** The same for all files and folders below a folder, itself included; links are not followed. */
export async function syncBelow(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await syncBelow(path);
    else if (entry.isFile()) await syncFile(path);
  }
  await syncFolder(folder);
}
