import { crc32 } from 'node:zlib';
import { DecantError } from '../../shared/errors.ts';
import { type TensorDtype } from '../../shared/tensor.ts';
import { bytesPerElement } from './dtypes.ts';
import { PickleForeign } from './pickleValues.ts';
import { checkCrc, type ZipArchive, type ZipEntry } from './zip.ts';

/**
 * One storage of a .pt file: the flat array that tensors view. A stored zip entry is read in place, any range of it; a deflated one
 * is unpacked once and kept.
 *
 * The checksum of an entry is verified when all of it is read at once, and also when its ranges are read one after the other from
 * its beginning to its end, as an import does. Other partial reads are not verified: `verified` tells.
 */
export class PtStorage extends PickleForeign {
  readonly foreign = 'storage';
  readonly key: string;
  readonly dtype: TensorDtype;
  readonly elementCount: number;
  readonly #archive: ZipArchive;
  readonly #entry: ZipEntry;
  #inflated: Uint8Array | undefined;
  #checkedBytes = 0;
  #runningCrc = 0;

  constructor(archive: ZipArchive, entry: ZipEntry, key: string, dtype: TensorDtype) {
    super();
    this.#archive = archive;
    this.#entry = entry;
    this.key = key;
    this.dtype = dtype;
    this.elementCount = entry.size / bytesPerElement[dtype];
  }

  get path(): string {
    return this.#archive.file.path;
  }

  /** Whether every byte so far was read in order and the checksum at the end was right. */
  get verified(): boolean {
    return this.#checkedBytes === this.#entry.size;
  }

  /** `length` bytes from `start`, both in bytes of the storage. Errors: ZIP_INVALID, FILE_TRUNCATED, FILE_UNREADABLE. */
  async readBytes(start: number, length: number): Promise<Uint8Array> {
    if (start < 0 || length < 0 || start + length > this.#entry.size)
      throw new DecantError('PICKLE_INVALID', `${this.path}: a tensor reaches beyond storage "${this.key}"`);
    if (!this.#entry.stored) {
      this.#inflated ??= await this.#archive.read(this.#entry);
      this.#checkedBytes = this.#entry.size;
      return this.#inflated.slice(start, start + length);
    }
    const bytes = await this.#archive.file.read(this.#entry.position + start, length);
    this.#follow(start, bytes);
    return bytes;
  }

  /** Reads everything that was not verified yet, in pieces of 16 MiB, for its checksum alone. Errors: ZIP_INVALID. */
  async verify(): Promise<void> {
    const piece = 16 << 20;
    while (!this.verified) {
      const start = this.#checkedBytes;
      await this.readBytes(start, Math.min(piece, this.#entry.size - start));
    }
  }

  #follow(start: number, bytes: Uint8Array): void {
    const entry = this.#entry;
    const whole = start === 0 && bytes.byteLength === entry.size;
    if (this.verified && !whole) return;
    if (start !== this.#checkedBytes && !whole) return;
    const crc = crc32(bytes, whole ? 0 : this.#runningCrc);
    if (start + bytes.byteLength === entry.size) checkCrc(this.path, entry, crc);
    this.#runningCrc = crc;
    this.#checkedBytes = start + bytes.byteLength;
  }
}
