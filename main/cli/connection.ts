import { setTimeout as delay } from 'node:timers/promises';
import { type HostClient } from '../../shared/contract.ts';
import { DecantError } from '../../shared/errors.ts';
import { connectToRunningHost, hostPatience } from '../host/connection.ts';
import { openHost, type Host, type HostOptions } from '../host/host.ts';

export { connectToRunningHost, libraryHome } from '../host/connection.ts';

export interface OpeningOptions extends Omit<HostOptions, 'home'> {
  /** Told that closing waits for other commands that go through this process. */
  onWaiting?: () => void;
}

/** Goes through the host that has the library, or becomes the host until the command ends and no other command needs it. */
export async function openLibrary(home: string, options: OpeningOptions = {}): Promise<HostClient> {
  const { onWaiting, ...hostOptions } = options;
  const deadline = Date.now() + hostPatience;
  while (true) {
    const running = await connectToRunningHost(home);
    if (running !== undefined) return running;
    try {
      const host = await openHost({ ...hostOptions, home, holdQueued: true });
      return closingWhenUnused(host, onWaiting ?? (() => undefined));
    } catch (thrown) {
      // Another one was quicker: then it answers, or has ended already.
      if (Date.now() > deadline || !(thrown instanceof DecantError) || thrown.code !== 'LIBRARY_LOCKED') throw thrown;
    }
  }
}

/** Between two looks at who still needs the host. */
const lookEvery = 100;

/** Other commands found this process as the library's host: their work must not end with ours. */
function closingWhenUnused({ client, clients, idle, close }: Host, onWaiting: () => void): HostClient {
  let told = false;
  const tell = (): void => {
    if (!told) onWaiting();
    told = true;
  };
  return {
    request: (name, input) => client.request(name, input),
    subscribe: (listener) => client.subscribe(listener),
    close: async () => {
      while (true) {
        const timer = setTimeout(tell, lookEvery);
        await idle();
        clearTimeout(timer);
        if (clients() === 0) break;
        tell();
        await delay(lookEvery);
      }
      await close();
    },
  };
}
