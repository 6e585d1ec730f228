import { availableParallelism, cpus } from 'node:os';
import { type Backend } from './compute/program.ts';

/** What a run says it was computed by. */
export interface Machine {
  backend: string;
  device: string;
}

export function describeMachine(backend: Backend): Machine {
  return { backend: backend.name, device: cpus()[0]?.model.trim() ?? 'unknown processor' };
}

/** Threads that a figure counts for: those of the machine where the backend does not say. */
export function threadsOf(backend: Backend): number {
  return backend.threads ?? availableParallelism();
}
