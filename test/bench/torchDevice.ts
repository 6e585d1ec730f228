import { type BenchOptions } from './options.ts';
import { type Device } from './protocol.ts';

/**
 * Where PyTorch computes. `auto` is where Decant does: an update on a GPU costs hardly any CPU time, so that one of each would be compared
 * by nothing. `decantUsesGpu` is asked for backends that can, `torchFindsGpu` only then.
 */
export async function torchDevice(
  { device, backend }: Pick<BenchOptions, 'device' | 'backend'>,
  decantUsesGpu: () => boolean,
  torchFindsGpu: () => Promise<boolean>,
): Promise<Device> {
  if (device !== 'auto') return device;
  const gpu = (backend === 'tensorflow' || backend === 'auto') && decantUsesGpu();
  return gpu && (await torchFindsGpu()) ? 'cuda' : 'cpu';
}
