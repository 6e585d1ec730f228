import { close, constants, fstatSync, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { DecantError } from '../../shared/errors.ts';
import { explainReadFailure } from './failures.ts';

const readAsync = promisify(read);
const closeAsync = promisify(close);

/** Without the second flag a named pipe would keep this thread waiting for whoever writes to it; for files it means nothing. */
const forReading = constants.O_RDONLY | (process.platform === 'win32' ? 0 : constants.O_NONBLOCK);

/** One call to the system never asks for more: its own limit is 2 GiB. */
const largestRead = 1 << 28;

/**
 * A file opened for reading at any position. Its size is that at opening; a file that shrinks afterwards gives FILE_TRUNCATED.
 * Errors: FILE_UNREADABLE, FILE_TRUNCATED.
 */
export class RandomAccessFile implements AsyncDisposable {
  readonly path: string;
  readonly size: number;
  readonly descriptor: number;
  #closed = false;

  constructor(path: string) {
    this.path = path;
    try {
      this.descriptor = openSync(path, forReading);
    } catch (thrown) {
      throw explainReadFailure(thrown, path);
    }
    const status = fstatSync(this.descriptor);
    this.size = status.size;
    if (!status.isFile()) {
      void this.close();
      throw new DecantError('FILE_UNREADABLE', `${path} is not a regular file`);
    }
  }

  #checkRange(position: number, length: number): void {
    if (this.#closed) throw new RangeError(`${this.path} is closed`);
    if (position < 0 || length < 0 || !Number.isSafeInteger(position + length))
      throw new RangeError(`${this.path}: no such range ${position} + ${length}`);
    if (position + length > this.size) throw this.#truncated(position + length);
  }

  #truncated(needed: number): DecantError {
    return new DecantError('FILE_TRUNCATED', `${this.path} has ${this.size} bytes where ${needed} are needed`);
  }

  /** Fills `target` with the bytes from `position` on. */
  async readInto(target: Uint8Array, position: number): Promise<void> {
    this.#checkRange(position, target.byteLength);
    let done = 0;
    while (done < target.byteLength) {
      const length = Math.min(largestRead, target.byteLength - done);
      let count: number;
      try {
        ({ bytesRead: count } = await readAsync(this.descriptor, target, done, length, position + done));
      } catch (thrown) {
        throw explainReadFailure(thrown, this.path);
      }
      if (count === 0) throw this.#truncated(position + target.byteLength);
      done += count;
    }
  }

  /** As `readInto`, blocking: for small reads, where the thread pool costs more than the read. */
  readIntoSync(target: Uint8Array, position: number): void {
    this.#checkRange(position, target.byteLength);
    let done = 0;
    while (done < target.byteLength) {
      const length = Math.min(largestRead, target.byteLength - done);
      let count: number;
      try {
        count = readSync(this.descriptor, target, done, length, position + done);
      } catch (thrown) {
        throw explainReadFailure(thrown, this.path);
      }
      if (count === 0) throw this.#truncated(position + target.byteLength);
      done += count;
    }
  }

  /** The bytes of a range that must lie inside the file, which bounds what is allocated. */
  async read(position: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    this.#checkRange(position, length);
    const bytes = new Uint8Array(length);
    await this.readInto(bytes, position);
    return bytes;
  }

  readSync(position: number, length: number): Uint8Array<ArrayBuffer> {
    this.#checkRange(position, length);
    const bytes = new Uint8Array(length);
    this.readIntoSync(bytes, position);
    return bytes;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await closeAsync(this.descriptor);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** What `make` makes of an open file, which it then has to close; it is closed here where that fails. Errors: those of `make`, FILE_UNREADABLE. */
export async function openedAs<Opened>(
  path: string,
  make: (file: RandomAccessFile) => Opened | Promise<Opened>,
): Promise<Opened> {
  const file = new RandomAccessFile(path);
  try {
    return await make(file);
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}
