import { backendNames } from '../../shared/configuration.ts';
import { DecantError } from '../../shared/errors.ts';
import { startBackend } from '../../main/engine/compute/backend.ts';
import { type Backend } from '../../main/engine/compute/program.ts';
import { type BackendChoice } from './protocol.ts';

/**
 * The backend that a benchmark measures, on `threads` threads. Errors: NOT_BUILT for one that this version does not have, or that
 * takes other threads than asked for; BACKEND_UNAVAILABLE.
 */
export async function startChosenBackend(choice: BackendChoice, threads: number): Promise<Backend> {
  const wanted = choice === 'eager' ? 'wasm' : choice;
  const name = backendNames.find((known) => known === wanted);
  if (name === undefined) throw new DecantError('NOT_BUILT', `backend ${choice}; ${backendNames.join(', ')} are there`);
  const backend = await startBackend(name, { threads });
  if (backend.threads !== undefined && backend.threads !== threads)
    throw new DecantError('NOT_BUILT', `backend ${choice} on ${threads} threads; it takes ${backend.threads}`);
  return backend;
}
