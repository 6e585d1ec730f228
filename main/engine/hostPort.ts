import type { EngineHint } from '../../shared/jobFolder.ts';

/** The engine's end of its channel to the host. */
export interface HostPort {
  /** Does nothing once the host is gone. */
  hint(hint: EngineHint): void;
  onMessage(listener: (message: unknown) => void): void;
  onGone(listener: () => void): void;
  /** Resolves once the host has what this process printed: the last thing to wait for. */
  farewell(): Promise<void>;
}

/** The channel of whoever started this process: Electron's utilityProcess or child_process. */
export function openHostPort(): HostPort {
  const port: unknown = Reflect.get(process, 'parentPort');
  return isUtilityPort(port) ? utilityPort(port) : forkPort();
}

/** What Electron gives a utility process; the engine itself knows no Electron. */
interface UtilityPort {
  on(event: 'message', listener: (event: { data: unknown }) => void): unknown;
  postMessage(message: unknown): void;
}

function isUtilityPort(value: unknown): value is UtilityPort {
  return typeof value === 'object' && value !== null && 'on' in value && 'postMessage' in value;
}

/** Such a process ends with the application's main process: nothing of its channel tells that it closes. */
function utilityPort(port: UtilityPort): HostPort {
  return {
    hint: (hint) => {
      port.postMessage(hint);
    },
    onMessage: (listener) => {
      port.on('message', ({ data }) => {
        listener(data);
      });
    },
    onGone: () => undefined,
    // Electron drops what it has not read when such a process exits. The host answers when it has; a host that is gone answers nothing.
    farewell: () =>
      new Promise((resolve) => {
        port.on('message', () => resolve());
        port.postMessage({ type: 'bye' });
        setTimeout(resolve, 3000);
      }),
  };
}

function forkPort(): HostPort {
  return {
    hint: (hint) => {
      if (process.connected) process.send?.(hint, () => undefined);
    },
    onMessage: (listener) => {
      process.on('message', listener);
    },
    onGone: (listener) => {
      process.on('disconnect', listener);
      // A host that went while this process was still loading was not heard to go.
      if ('connected' in process && !process.connected) queueMicrotask(listener);
    },
    farewell: () => Promise.resolve(),
  };
}
