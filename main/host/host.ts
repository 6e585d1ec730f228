import { resolve } from 'node:path';
import { type HostClient } from '../../shared/contract.ts';
import { type BackendReport } from '../../shared/device.ts';
import { ensureFolder } from '../files/folders.ts';
import { libraryPaths } from '../files/library.ts';
import { type EngineLauncher } from '../jobs/launcher.ts';
import { JobService } from '../jobs/service.ts';
import { Store } from '../store/store.ts';
import { createHostCore, EventHub, type Handlers, type HostCore } from './core.ts';
import { openMachine, type Machine } from './device/machine.ts';
import { defaultLauncher, probeBackends } from './engine.ts';
import { Grants } from './grants.ts';
import { deviceHandlers } from './handlers/device.ts';
import { doctorHandlers } from './handlers/doctor.ts';
import { diskHandlers } from './handlers/disk.ts';
import { entryHandlers } from './handlers/entries.ts';
import { jobHandlers } from './handlers/jobs.ts';
import { libraryHandlers } from './handlers/library.ts';
import { runHandlers } from './handlers/runs.ts';
import { settingHandlers } from './handlers/settings.ts';
import { toolHandlers } from './handlers/tools.ts';
import { transferHandlers } from './handlers/transfer.ts';
import { removeLeftovers } from './leftovers.ts';
import { acquireLock } from './lock.ts';
import { removeManifests } from './manifests.ts';
import { type HostServices } from './services.ts';
import { createInProcessClient } from './transport/client.ts';
import { createSocketAddress, listenOnLocalSocket, removeSocketAddress } from './transport/localSocket.ts';
import { codeVersion } from './version.ts';

export interface HostOptions {
  /** The library folder; made where it is missing. */
  home: string;
  engineLauncher?: EngineLauncher;
  probeBackends?: () => Promise<BackendReport[]>;
  /** For tests: what stands in for this machine. */
  machine?: Machine;
  /** For a host that lives for one command: jobs that were left queued stay queued. */
  holdQueued?: boolean;
  /** Told what happens in the background. */
  log?: (message: string) => void;
}

export interface Host {
  readonly core: HostCore;
  readonly client: HostClient;
  /** Clients on the local socket. */
  readonly clients: () => number;
  /** Resolves when no job runs or can start. */
  readonly idle: () => Promise<void>;
  /** Lets running engines save and exit, then gives the library up. */
  readonly close: () => Promise<void>;
}

/**
 * Opens a library for this process alone and listens on its local socket.
 * Errors: LIBRARY_LOCKED, LIBRARY_NEWER, LIBRARY_CORRUPT, DISK_FULL, FILE_UNWRITABLE.
 */
export async function openHost(options: HostOptions): Promise<Host> {
  const home = resolve(options.home);
  const log = options.log ?? (() => undefined);
  const address = createSocketAddress();
  // What was opened is closed again in the opposite order, also when opening fails half-way.
  const closers: (() => Promise<void> | void)[] = [() => removeSocketAddress(address)];
  const close = async (): Promise<void> => {
    for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) await closer();
  };
  try {
    const lock = await acquireLock(home, address, (stale) => {
      log(`The library was left open by process ${stale.pid}, which is gone: taken over.`);
      removeSocketAddress(stale.address);
    });
    closers.push(() => lock.release());
    const library = libraryPaths(home);
    await ensureFolder(library.jobs);
    const store = await Store.open(home, {
      onSlowQuery: ({ sql, milliseconds }) => log(`slow query (${milliseconds.toFixed(0)} ms): ${sql}`),
    });
    closers.push(() => store.close());
    const version = codeVersion();
    await removeLeftovers(library, store, log);
    const jobs = await JobService.open({
      home,
      store,
      launcher: options.engineLauncher ?? defaultLauncher(),
      codeVersion: version,
      holdQueued: options.holdQueued ?? false,
      removeManifests: (manifests, living) => removeManifests(library, manifests, living),
      onProblem: log,
    });
    closers.push(() => jobs.close());
    const events = new EventHub((thrown) => log(`a listener failed: ${String(thrown)}`));
    const services: HostServices = {
      library,
      version,
      store,
      jobs,
      grants: new Grants(),
      events,
      machine: options.machine ?? openMachine(),
      probeBackends: options.probeBackends ?? (() => probeBackends()),
    };
    jobs.onChange((event) => events.publish(event));
    const core = createHostCore(createHandlers(services), events);
    const server = await listenOnLocalSocket(core, address);
    closers.push(() => server.close());
    return {
      core,
      client: createInProcessClient(core, close),
      clients: () => server.clients,
      idle: () => jobs.idle(),
      close,
    };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

function createHandlers(services: HostServices): Handlers {
  return {
    ...libraryHandlers(services),
    ...transferHandlers(services),
    ...entryHandlers(services),
    ...runHandlers(services),
    ...jobHandlers(services),
    ...settingHandlers(services),
    ...doctorHandlers(services),
    ...deviceHandlers(services),
    ...diskHandlers(services),
    ...toolHandlers(services),
  };
}
