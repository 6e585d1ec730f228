import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { backendReportSchema, type BackendReport } from '../../shared/device.ts';
import { DecantError } from '../../shared/errors.ts';
import { moduleBeside } from '../../shared/place.ts';
import { forkLauncher, type EngineLauncher } from '../jobs/launcher.ts';

export type { EngineExit, EngineLauncher, EngineProcess } from '../jobs/launcher.ts';

/** The engine is a program of its own: the host starts it and never imports it. */
export const engineEntry = fileURLToPath(moduleBeside(import.meta.url, '../engine/main'));

export function defaultLauncher(): EngineLauncher {
  return forkLauncher(engineEntry);
}

/** In this many milliseconds an engine has loaded whatever library it will ever load. */
const probePatience = 60_000;

const probeSchema = z.array(backendReportSchema.extend({ action: z.string().nullable().default(null) }));

/** Asks a short-lived engine process what computes here: loading native libraries is nothing for the host. */
export async function probeBackends(entry: string = engineEntry): Promise<BackendReport[]> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [entry, '--probe-backends'], {
      timeout: probePatience,
      killSignal: 'SIGKILL',
    });
    return readBackendReport(stdout);
  } catch (thrown) {
    throw explainProbe(thrown);
  }
}

/** An engine with `--probe-backends` that someone started. */
export interface ProbeProcess {
  readonly exited: Promise<unknown>;
  /** All that it printed. */
  readonly printed: () => string;
  readonly kill: () => void;
}

/** What it found, at its end; one that does not come to it is killed. Errors: BACKEND_UNAVAILABLE. */
export async function awaitProbe({ exited, printed, kill }: ProbeProcess): Promise<BackendReport[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      kill();
      reject(explainProbe(new Error(`it did not answer within ${probePatience / 1000} s`)));
    }, probePatience);
  });
  try {
    await Promise.race([exited, late]);
  } finally {
    clearTimeout(timer);
  }
  return readBackendReport(printed());
}

/** What `--probe-backends` printed. Errors: BACKEND_UNAVAILABLE. */
function readBackendReport(printed: string): BackendReport[] {
  try {
    // Native libraries print what they like before; the report is the last line.
    return probeSchema.parse(JSON.parse(printed.trim().split('\n').at(-1) ?? ''));
  } catch (thrown) {
    throw explainProbe(thrown);
  }
}

function explainProbe(thrown: unknown): DecantError {
  if (thrown instanceof DecantError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  // One that crashed left its command line, a stack and its error in the middle of them.
  const reason = /^\w*Error\b.*: .+$/m.exec(message)?.[0] ?? message.split('\n')[0] ?? '';
  return new DecantError('BACKEND_UNAVAILABLE', `the engine could not be asked: ${reason}`, { cause: thrown });
}
