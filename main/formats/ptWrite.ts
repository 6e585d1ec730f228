import { createHash } from 'node:crypto';
import { type Tensor } from '../../shared/tensor.ts';
import { writeFileDurably, type WrittenFile } from '../files/durable.ts';
import { bytesOfData, checkTensor } from './dtypes.ts';
import { ptPickle } from './ptPickle.ts';
import { storedZipChunks, type StoredEntry } from './zipWrite.ts';

/** torch's identifier of an archive is 40 decimal digits made from its content; any such text is accepted. */
function serializationId(pickle: Uint8Array, tensors: readonly (readonly [string, Tensor])[]): string {
  const hash = createHash('sha256').update(pickle);
  for (const [, tensor] of tensors) hash.update(bytesOfData(tensor.data));
  return (BigInt(`0x${hash.digest('hex')}`) % 10n ** 40n).toString().padStart(40, '0');
}

/**
 * The bytes of a file that `torch.load(weights_only=True)` accepts: `{"model": OrderedDict}` as the official checkpoints are laid
 * out, or, with `root: "plain"`, the OrderedDict itself. Tensors in the given order, each its own storage; same input, same bytes.
 */
export function ptChunks(
  tensors: Iterable<readonly [string, Tensor]>,
  options: { root?: 'model' | 'plain' } = {},
): Iterable<Uint8Array> {
  const list = [...tensors];
  for (const [name, tensor] of list) checkTensor(name, tensor);
  const pickle = ptPickle(list, options.root !== 'plain');
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  const entries: StoredEntry[] = [
    { name: 'archive/data.pkl', bytes: pickle },
    { name: 'archive/byteorder', bytes: text('little') },
    ...list.map(([, tensor], index) => ({ name: `archive/data/${index}`, bytes: bytesOfData(tensor.data) })),
    { name: 'archive/version', bytes: text('3\n') },
    { name: 'archive/.data/serialization_id', bytes: text(serializationId(pickle, list)) },
  ];
  return storedZipChunks(entries);
}

/** Writes a .pt file durably, see `ptChunks`. Errors: DISK_FULL, FILE_UNWRITABLE, FILE_TOO_LARGE beyond 4 GiB. */
export function writePt(
  path: string,
  tensors: Iterable<readonly [string, Tensor]>,
  options: { root?: 'model' | 'plain' } = {},
): Promise<WrittenFile> {
  return writeFileDurably(path, ptChunks(tensors, options));
}
