import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { type DoctorReport } from '../../shared/contract.ts';
import { DecantError } from '../../shared/errors.ts';
import { moduleBeside } from '../../shared/place.ts';
import { forkLauncher, type EngineLauncher } from '../jobs/launcher.ts';

export type { EngineExit, EngineLauncher, EngineProcess } from '../jobs/launcher.ts';

/** The engine is a program of its own: the host starts it and never imports it. */
export const engineEntry = fileURLToPath(moduleBeside(import.meta.url, '../engine/main'));

export function defaultLauncher(): EngineLauncher {
  return forkLauncher(engineEntry);
}

const probeSchema = z.array(z.object({ name: z.string(), available: z.boolean(), reason: z.string() }));

/** What an absent backend needs. The CPU one ships as an optional package; the GPU one also needs NVIDIA's libraries. */
const remedies: Readonly<Record<string, string>> = {
  'tfjs-node': 'Install the optional package @tensorflow/tfjs-node: npm install --include=optional.',
  'tfjs-node-gpu': 'Install the optional package @tensorflow/tfjs-node-gpu, and CUDA 11 with cuDNN 8 for it.',
};

/** Asks a short-lived engine process what computes here: loading native libraries is nothing for the host. */
export async function probeBackends(entry: string = engineEntry): Promise<DoctorReport['backends']> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [entry, '--probe-backends'], { timeout: 60_000 });
    return readBackendReport(stdout);
  } catch (thrown) {
    throw explainProbe(thrown);
  }
}

/** What `--probe-backends` printed, with what an absent backend needs. Errors: BACKEND_UNAVAILABLE. */
export function readBackendReport(printed: string): DoctorReport['backends'] {
  try {
    // Native libraries print what they like before; the report is the last line.
    const found = probeSchema.parse(JSON.parse(printed.trim().split('\n').at(-1) ?? ''));
    return found.map(({ name, available, reason }) => ({
      name,
      works: available,
      detail: reason,
      action: available ? null : (remedies[name] ?? null),
    }));
  } catch (thrown) {
    throw explainProbe(thrown);
  }
}

function explainProbe(thrown: unknown): DecantError {
  if (thrown instanceof DecantError) return thrown;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new DecantError('BACKEND_UNAVAILABLE', `the engine could not be asked: ${reason}`, { cause: thrown });
}
