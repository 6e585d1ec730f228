import { requests, type HostClient } from '../../shared/contract.ts';
import { DecantError } from '../../shared/errors.ts';
import { connectToRunningHost, hostPatience } from '../host/connection.ts';
import { requireAllowed, type HostCore } from '../host/core.ts';
import { openHost } from '../host/host.ts';
import { probeInUtility, utilityLauncher } from './engineLauncher.ts';

export interface OpenLibrary {
  readonly home: string;
  readonly core: HostCore;
  /** Trusted: the application itself asks. */
  readonly client: HostClient;
  /** Whether this process is the host; another one keeps its jobs when this application ends. */
  readonly own: boolean;
  /** Lets running engines save and exit, where this process is the host. */
  close(): Promise<void>;
}

/**
 * Becomes the library's host, or goes through the one that has it; `onGone` is called when that one ends.
 * Errors: LIBRARY_LOCKED, LIBRARY_NEWER, LIBRARY_CORRUPT, DISK_FULL, FILE_UNWRITABLE.
 */
export async function openLibrary(
  home: string,
  log: (message: string) => void,
  onGone: () => void,
): Promise<OpenLibrary> {
  const deadline = Date.now() + hostPatience;
  while (true) {
    const client = await connectToRunningHost(home, onGone);
    if (client !== undefined)
      return { home, client, core: coreOfClient(client), own: false, close: () => client.close() };
    try {
      const host = await openHost({ home, log, engineLauncher: utilityLauncher(), probeBackends: probeInUtility });
      return { home, client: host.client, core: host.core, own: true, close: () => host.close() };
    } catch (thrown) {
      // Another one was quicker: then it answers, or has ended already.
      if (Date.now() > deadline || !(thrown instanceof DecantError) || thrown.code !== 'LIBRARY_LOCKED') throw thrown;
    }
  }
}

/** Another process's host, answering the page through this one: it trusts this process, which does not trust the page. */
function coreOfClient(client: HostClient): HostCore {
  return {
    subscribe: (listener) => client.subscribe(listener),
    answer: async (name, input, trusted) => {
      requireAllowed(name, trusted);
      const checked = requests[name].input.safeParse(input);
      if (!checked.success) throw new DecantError('REQUEST_INVALID', `${name}: ${checked.error.message}`);
      return client.request(name, checked.data);
    },
  };
}
