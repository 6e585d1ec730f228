import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import { type Backend } from './compute/program.ts';

/** What a run says it was computed by. */
export interface Machine {
  backend: string;
  device: string;
}

/** The device is named as the host names it: runs and figures of one machine are told from those of another by it. */
export function describeMachine(backend: Backend): Machine {
  const processor = cpus()[0]?.model.trim() ?? 'unknown processor';
  return { backend: backend.name, device: backend.usesGpu === true ? graphicsCard() : processor };
}

/** Threads that a figure counts for: those of the machine where the backend does not say. */
export function threadsOf(backend: Backend): number {
  return backend.threads ?? availableParallelism();
}

/** TensorFlow takes the first card that CUDA_VISIBLE_DEVICES leaves it. */
function graphicsCard(): string {
  try {
    const printed = execFileSync('nvidia-smi', ['--query-gpu=name', '--format=csv,noheader'], {
      encoding: 'utf8',
      timeout: 5000,
      stdio: ['ignore', 'pipe', 'ignore'],
      windowsHide: true,
    });
    return cardOf(printed, process.env['CUDA_VISIBLE_DEVICES']);
  } catch {
    return unknownCard;
  }
}

const unknownCard = 'unknown graphics card';

/** The first visible card of nvidia-smi's list of names. */
export function cardOf(printed: string, visible: string | undefined): string {
  const names = printed.split('\n').map((name) => name.trim());
  const first = Number.parseInt(visible ?? '0', 10);
  const name = names[Number.isNaN(first) ? 0 : first] ?? '';
  return name === '' ? unknownCard : name;
}
