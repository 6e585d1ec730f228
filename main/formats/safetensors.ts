import { DecantError } from '../../shared/errors.ts';
import { type Tensor, type TensorMap } from '../../shared/tensor.ts';
import { writeFileDurably, type WrittenFile } from '../files/durable.ts';
import { openedAs, type RandomAccessFile } from '../files/reading.ts';
import { bytesOfData, checkTensor, dataOfBytes } from './dtypes.ts';
import {
  layOut,
  readHeader,
  type SafetensorsEntry,
  type SafetensorsHeader,
  type TensorDescription,
} from './safetensorsHeader.ts';

/**
 * A safetensors file whose header was read and checked; tensors are read one at a time.
 * Errors of `openSafetensors`: FILE_UNREADABLE, FILE_TRUNCATED, FILE_TOO_LARGE, SAFETENSORS_INVALID.
 */
export class SafetensorsFile implements AsyncDisposable {
  readonly path: string;
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly #file: RandomAccessFile;

  constructor(file: RandomAccessFile, { entries, metadata }: SafetensorsHeader) {
    this.path = file.path;
    this.#file = file;
    this.entries = entries;
    this.metadata = metadata;
  }

  /** Errors: NOT_FOUND for a name that the file does not hold; FILE_UNREADABLE, FILE_TRUNCATED. */
  async read(name: string): Promise<Tensor> {
    const entry = this.entries.get(name);
    if (entry === undefined) throw new DecantError('NOT_FOUND', `${this.path} has no tensor "${name}"`);
    const bytes = await this.#file.read(entry.position, entry.byteLength);
    return { dtype: entry.dtype, shape: entry.shape, data: dataOfBytes(entry.dtype, bytes) };
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Reads and checks the header. The caller closes the file, or uses `await using`. */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  return openedAs(path, async (file) => new SafetensorsFile(file, await readHeader(file)));
}

/** All tensors, in the header's order. Errors as for `openSafetensors`. */
export async function readSafetensors(path: string): Promise<{ tensors: TensorMap; metadata: Record<string, string> }> {
  await using file = await openSafetensors(path);
  const tensors: TensorMap = new Map();
  for (const name of file.entries.keys()) tensors.set(name, await file.read(name));
  return { tensors, metadata: { ...file.metadata } };
}

/**
 * The bytes of a safetensors file: same tensors and metadata in the same order, same bytes. Data begin at a multiple of 8, wider
 * dtypes come first, otherwise in the given order, so that every tensor is aligned for readers that map the file.
 */
export function* safetensorsChunks(
  tensors: Iterable<readonly [string, Tensor]>,
  metadata: Readonly<Record<string, string>> = {},
): Generator<Uint8Array> {
  const { header, ordered } = layOut(tensors, metadata);
  for (const [name, tensor] of ordered) checkTensor(name, tensor);
  yield header;
  for (const [, tensor] of ordered) yield bytesOfData(tensor.data);
}

/** A tensor that is made when its turn to be written comes. */
export interface LazyTensor extends TensorDescription {
  read(): Promise<Tensor>;
}

/** As `safetensorsChunks`, with one tensor in memory at a time. */
export async function* safetensorsStream(
  tensors: Iterable<readonly [string, LazyTensor]>,
  metadata: Readonly<Record<string, string>> = {},
): AsyncGenerator<Uint8Array> {
  const { header, ordered } = layOut(tensors, metadata);
  yield header;
  for (const [name, lazy] of ordered) {
    const tensor = await lazy.read();
    checkTensor(name, { ...lazy, data: tensor.data });
    yield bytesOfData(tensor.data);
  }
}

/** Writes a safetensors file durably. Errors: DISK_FULL, FILE_UNWRITABLE. */
export function writeSafetensors(
  path: string,
  tensors: Iterable<readonly [string, Tensor]>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<WrittenFile> {
  return writeFileDurably(path, safetensorsChunks(tensors, metadata));
}
