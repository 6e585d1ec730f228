import { fork } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { engineHintSchema, type EngineCommand, type EngineHint } from '../../shared/jobFolder.ts';
import { nodeFlags } from '../../shared/nodeFlags.ts';

export interface EngineExit {
  code: number | null;
  signal: string | null;
}

/** One running engine, whatever kind of process it is. */
export interface EngineProcess {
  readonly pid: number;
  /** Resolves when the process is gone. */
  readonly exited: Promise<EngineExit>;
  send(command: EngineCommand): void;
  onHint(listener: (hint: EngineHint) => void): void;
  /** Closes the channel: the engine then writes a checkpoint and exits by itself. */
  disconnect(): void;
  /** Ends this process at once; nothing else is ever killed. */
  kill(): void;
}

export interface EngineRequest {
  home: string;
  job: string;
  /** File that gets what the engine prints. */
  log: string;
}

/** Starts engines. Electron's will use utilityProcess; this one child_process. */
export interface EngineLauncher {
  /** Rejects when no process could be started. */
  launch(request: EngineRequest): Promise<EngineProcess>;
}

/** Starts `entry` with this Node and the arguments [home, jobId]. */
export function forkLauncher(entry: string, environment: NodeJS.ProcessEnv = process.env): EngineLauncher {
  return {
    launch: async ({ home, job, log }) => {
      // The engine's output goes straight into the file: a pipe would break when the host is killed.
      const output = openSync(log, 'a');
      try {
        const child = fork(entry, [home, job], {
          execPath: process.execPath,
          execArgv: [...nodeFlags],
          env: environment,
          stdio: ['ignore', output, output, 'ipc'],
          // A Ctrl-C in the terminal is for the host; the engine learns of it by its channel and saves first.
          detached: process.platform !== 'win32',
        });
        const exited = new Promise<EngineExit>((resolve) => {
          child.once('exit', (code, signal) => resolve({ code, signal }));
        });
        await new Promise<void>((resolve, reject) => {
          child.once('spawn', resolve);
          child.once('error', reject);
        });
        const { pid } = child;
        if (pid === undefined) throw new Error(`${entry} did not start`);
        // A channel that closes while something is sent is not news: the exit tells.
        child.on('error', () => undefined);
        return {
          pid,
          exited,
          send: (command) => {
            if (child.connected) child.send(command, () => undefined);
          },
          onHint: (listener) => {
            child.on('message', (message: unknown) => {
              const hint = engineHintSchema.safeParse(message);
              if (hint.success) listener(hint.data);
            });
          },
          disconnect: () => {
            if (child.connected) child.disconnect();
          },
          kill: () => {
            child.kill('SIGKILL');
          },
        };
      } finally {
        closeSync(output);
      }
    },
  };
}
