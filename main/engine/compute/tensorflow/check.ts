import { capabilitiesOf } from './capabilities.ts';
import { DecantError } from '../../../../shared/errors.ts';
import { installationIn, loadTensorflow } from './load.ts';

/** Starts the TensorFlow that was set up in a folder and computes with it; says what it is, and whether it uses a GPU. Errors: BACKEND_UNAVAILABLE, SETUP_FAILED. */
export async function checkBinding(folder: string): Promise<{ text: string; gpu: boolean }> {
  const { version, gpu, xla } = await capabilitiesOf(loadTensorflow({ installation: installationIn(folder) }));
  if (!xla) throw new DecantError('SETUP_FAILED', `TensorFlow ${version} started and computed nothing right with XLA`);
  return { text: `TensorFlow ${version} works: ${gpu ? 'it uses the GPU' : 'on the CPU'}, with XLA.`, gpu };
}
