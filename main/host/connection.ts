import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type HostClient } from '../../shared/contract.ts';
import { DecantError } from '../../shared/errors.ts';
import { findLockHolder } from './lock.ts';
import { connectToHost } from './transport/socketClient.ts';

/** The library folder: --home, DECANT_HOME, or the platform's folder for a program's data. */
export function libraryHome(given: string | undefined): string {
  const chosen = given ?? process.env['DECANT_HOME'];
  if (chosen !== undefined && chosen !== '') return resolve(chosen);
  if (process.platform === 'win32')
    return join(process.env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'Decant');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Decant');
  const data = process.env['XDG_DATA_HOME'];
  return join(data === undefined || data === '' ? join(homedir(), '.local', 'share') : data, 'decant');
}

/**
 * A host has the lock before it listens, while it waits for engines of the one before it, and after it listened, while its own
 * engines save.
 */
export const hostPatience = 60_000;

/** The running host of a library, if there is one; `onGone` is called when it ends. Errors: LIBRARY_LOCKED when it has the lock and does not answer. */
export async function connectToRunningHost(home: string, onGone?: () => void): Promise<HostClient | undefined> {
  const deadline = Date.now() + hostPatience;
  while (true) {
    const holder = await findLockHolder(home);
    if (holder === undefined) return undefined;
    let answers = false;
    try {
      const client = await connectToHost(holder.address, () => {
        if (answers) onGone?.();
      });
      // The system takes connections for a host that has just begun to end: one that answers has seen this one, and stays.
      await client.request('library.info', {});
      answers = true;
      return client;
    } catch (thrown) {
      if (Date.now() > deadline)
        throw new DecantError('LIBRARY_LOCKED', `process ${holder.pid} has ${home} open and does not answer`, {
          cause: thrown,
        });
      await delay(100);
    }
  }
}
