import { cpus } from 'node:os';
import { type Backend } from './compute/program.ts';

/** What a run says it was computed by. */
export interface Machine {
  backend: string;
  device: string;
}

export function describeMachine(backend: Backend): Machine {
  return { backend: backend.name, device: cpus()[0]?.model.trim() ?? 'unknown processor' };
}
