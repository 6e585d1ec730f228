import { DecantError } from '../../shared/errors.ts';
import { systemCodeOf } from '../files/failures.ts';
import { RandomAccessFile } from '../files/reading.ts';
import { bytesOfData } from '../formats/dtypes.ts';
import { npyHeaderBytes, npyHeaderLength } from '../formats/npyHeader.ts';
import { columnShape, type ColumnName, type SegmentInfo } from './segmentInfo.ts';

const floatBytes = 4;

function openVanishing(path: string): RandomAccessFile {
  try {
    return new RandomAccessFile(path);
  } catch (thrown) {
    if (thrown instanceof DecantError && systemCodeOf(thrown.cause) === 'ENOENT')
      throw new DecantError('DATASET_VANISHED', `${path} is not there`, { cause: thrown });
    throw thrown;
  }
}

/** A float32 .npy file of a known shape, as this library writes them: read at any element, without allocating. */
export class FloatFile {
  readonly #file: RandomAccessFile;

  /** Errors: DATASET_VANISHED, HASH_MISMATCH where size or header are not those of the shape, FILE_UNREADABLE. */
  constructor(path: string, shape: readonly number[]) {
    const file = openVanishing(path);
    this.#file = file;
    const elements = shape.reduce((product, size) => product * size, 1);
    const header = npyHeaderBytes('float32', shape);
    const sizeFits = file.size === npyHeaderLength + elements * floatBytes;
    if (sizeFits && Buffer.from(file.readSync(0, npyHeaderLength)).equals(header)) return;
    this.close();
    throw new DecantError('HASH_MISMATCH', `${path} is not float32 [${shape.join(', ')}], as it was written`);
  }

  /** Fills `target` from an element on. */
  readInto(target: Float32Array, element: number): void {
    this.#file.readIntoSync(bytesOfData(target), npyHeaderLength + element * floatBytes);
  }

  close(): void {
    void this.#file.close();
  }
}

/** A column of a segment. */
export class ColumnFile extends FloatFile {
  constructor(path: string, info: SegmentInfo, column: ColumnName) {
    super(path, columnShape(column, info));
  }
}

/** Keeps at most `limit` files open, closing the one that was not used for longest. */
export class OpenFiles<File extends { close(): void }> {
  readonly #limit: number;
  /** In the order of their last use. */
  readonly #open = new Map<number, File>();
  #last: { key: number; file: File } | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: number, open: () => File): File {
    if (this.#last?.key === key) return this.#last.file;
    const known = this.#open.get(key);
    if (known !== undefined) this.#open.delete(key);
    const file = known ?? open();
    this.#open.set(key, file);
    this.#last = { key, file };
    if (this.#open.size <= this.#limit) return file;
    const [oldest] = this.#open;
    if (oldest !== undefined) {
      this.#open.delete(oldest[0]);
      oldest[1].close();
    }
    return file;
  }

  close(): void {
    for (const file of this.#open.values()) file.close();
    this.#open.clear();
    this.#last = undefined;
  }
}
