import { backendNames } from '../../shared/configuration.ts';
import { DecantError } from '../../shared/errors.ts';
import { startBackend } from '../../main/engine/compute/backend.ts';
import { type Backend } from '../../main/engine/compute/program.ts';
import { type BackendChoice } from './protocol.ts';

/**
 * The backend that a benchmark measures, on `threads` threads. Errors: NOT_BUILT for one that this version does not have, or that
 * cannot be told its threads; BACKEND_UNAVAILABLE.
 */
export async function startChosenBackend(choice: BackendChoice, threads: number): Promise<Backend> {
  const wanted = choice === 'eager' ? 'wasm' : choice;
  const name = backendNames.find((known) => known === wanted);
  if (name === undefined) throw new DecantError('NOT_BUILT', `backend ${choice}; ${backendNames.join(', ')} are there`);
  if (threads > 1) throw new DecantError('NOT_BUILT', `backend ${choice} on ${threads} threads`);
  return startBackend(name);
}
