import { type HostClient } from '../../shared/contract.ts';
import { DecantError } from '../../shared/errors.ts';
import { connectToRunningHost } from '../host/connection.ts';
import { openHost, type HostOptions } from '../host/host.ts';

export { connectToRunningHost, libraryHome } from '../host/connection.ts';

/** Goes through the host that has the library, or becomes the host until the command ends. */
export async function openLibrary(home: string, options: Omit<HostOptions, 'home'> = {}): Promise<HostClient> {
  for (let attempt = 0; ; attempt += 1) {
    const running = await connectToRunningHost(home);
    if (running !== undefined) return running;
    try {
      return (await openHost({ ...options, home, holdQueued: true })).client;
    } catch (thrown) {
      // Another one was quicker: then it answers.
      if (attempt > 2 || !(thrown instanceof DecantError) || thrown.code !== 'LIBRARY_LOCKED') throw thrown;
    }
  }
}
