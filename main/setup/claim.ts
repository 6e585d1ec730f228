import { open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { DecantError } from '../../shared/errors.ts';
import { explainWriteFailure, systemCodeOf } from '../files/failures.ts';
import { ensureFolder, removeFiles } from '../files/folders.ts';
import { isSameProcessAlive, processStartTime } from '../jobs/folder/processes.ts';

const claimSchema = z.object({ pid: z.int().positive(), started: z.string().nullable() });
type Claim = z.infer<typeof claimSchema>;

async function readClaim(path: string): Promise<Claim | undefined> {
  try {
    return claimSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}

/** The process that works in a tool's folder at this moment, if there is one. */
export async function claimHolder(path: string): Promise<number | undefined> {
  const claim = await readClaim(path);
  if (claim === undefined) return undefined;
  return (await isSameProcessAlive(claim.pid, claim.started)) === 'gone' ? undefined : claim.pid;
}

/**
 * Takes a tool's folder for this process: libraries share it, so that two set-ups could meet there. What a dead process left is taken over.
 * Returns the release. Errors: IN_USE, FILE_UNWRITABLE, DISK_FULL.
 */
export async function claimFolder(path: string): Promise<() => Promise<void>> {
  await ensureFolder(dirname(path));
  const claim: Claim = { pid: process.pid, started: await processStartTime(process.pid) };
  for (let attempt = 0; ; attempt += 1) {
    try {
      const handle = await open(path, 'wx');
      await handle.writeFile(JSON.stringify(claim));
      await handle.close();
      return () => removeFiles([path]);
    } catch (thrown) {
      if (systemCodeOf(thrown) !== 'EEXIST') throw explainWriteFailure(thrown, path);
      const holder = await claimHolder(path);
      if (holder !== undefined || attempt > 0)
        throw new DecantError('IN_USE', `process ${String(holder)} works in ${dirname(path)}`);
      await removeFiles([path]);
    }
  }
}
