import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { utilityProcess, type UtilityProcess } from 'electron';
import { z } from 'zod';
import { type BackendReport } from '../../shared/device.ts';
import { DecantError } from '../../shared/errors.ts';
import { engineHintSchema, type EngineCommand } from '../../shared/jobFolder.ts';
import { awaitProbe, engineEntry, type EngineExit, type EngineLauncher } from '../host/engine.ts';

const byeSchema = z.object({ type: z.literal('bye') });

async function startUtility(args: string[]): Promise<{ child: UtilityProcess; exited: Promise<EngineExit> }> {
  const child = utilityProcess.fork(engineEntry, args, {
    serviceName: 'Decant engine',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<EngineExit>((resolve) => {
    child.once('exit', (code) => resolve({ code, signal: null }));
  });
  child.on('message', (message: unknown) => {
    // What was printed before these words lies in the pipe: it is read within the next turns, and only then may the process go.
    if (byeSchema.safeParse(message).success) setTimeout(() => child.postMessage({ type: 'leave' }), 50);
  });
  // One that cannot be started exits without having been spawned.
  await Promise.race([once(child, 'spawn'), exited]);
  if (child.pid === undefined) throw new DecantError('ENGINE_DIED', 'it could not be started');
  return { child, exited };
}

/** Electron's own kill asks politely. */
function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}

/** Engines as utility processes of Electron. They end with the application, however it ends. */
export function utilityLauncher(): EngineLauncher {
  return {
    launch: async ({ home, job, log }) => {
      const { child, exited } = await startUtility([home, job]);
      const { pid } = child;
      if (pid === undefined) throw new DecantError('ENGINE_DIED', 'it ended at once');
      // The log helps to understand; a disk too full for it must not end the run.
      const output = createWriteStream(log, { flags: 'a' }).on('error', () => undefined);
      for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => output.write(chunk));
      void exited.then(() => output.end());
      const send = (command: EngineCommand): void => {
        child.postMessage(command);
      };
      return {
        pid,
        exited,
        send,
        onHint: (listener) => {
          child.on('message', (message: unknown) => {
            const hint = engineHintSchema.safeParse(message);
            if (hint.success) listener(hint.data);
          });
        },
        disconnect: () => {
          send({ type: 'leave' });
        },
        kill: () => {
          killNow(pid);
        },
      };
    },
  };
}

/** Asks a short-lived engine what computes here. Errors: BACKEND_UNAVAILABLE. */
export async function probeInUtility(): Promise<BackendReport[]> {
  const { child, exited } = await startUtility(['--probe-backends']);
  child.stderr?.resume();
  let printed = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    printed += chunk.toString('utf8');
  });
  return awaitProbe({
    exited,
    printed: () => printed,
    kill: () => {
      if (child.pid !== undefined) killNow(child.pid);
    },
  });
}
