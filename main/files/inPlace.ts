import { closeSync, fdatasyncSync, fstatSync, openSync, writeSync } from 'node:fs';
import { DecantError } from '../../shared/errors.ts';
import { diskFullError, faultPoint } from './faults.ts';
import { explainWriteFailure, systemCodeOf } from './failures.ts';

/**
 * An existing file of fixed size whose bytes are replaced where they are, for caches that are filled little by little.
 * What `sync` has returned for is on the disk; of later writes each aligned word is either old or new after a crash.
 * Errors of all methods: DISK_FULL, FILE_UNWRITABLE; DATASET_VANISHED where the file is gone.
 */
export class InPlaceFile implements Disposable {
  readonly path: string;
  readonly size: number;
  readonly #descriptor: number;
  #closed = false;

  constructor(path: string) {
    this.path = path;
    try {
      faultPoint('create', path);
      this.#descriptor = openSync(path, 'r+');
    } catch (thrown) {
      if (systemCodeOf(thrown) === 'ENOENT')
        throw new DecantError('DATASET_VANISHED', `${path} is not there`, { cause: thrown });
      throw explainWriteFailure(thrown, path);
    }
    this.size = fstatSync(this.#descriptor).size;
  }

  /** Replaces the bytes from `position` on; the file never grows. */
  write(position: number, bytes: Uint8Array): void {
    if (position < 0 || position + bytes.byteLength > this.size)
      throw new RangeError(`${this.path}: ${position} + ${bytes.byteLength} is outside its ${this.size} bytes`);
    try {
      const fault = faultPoint('write', this.path, position, bytes.byteLength);
      const end = fault === undefined ? bytes.byteLength : Math.min(fault.shortWrite, bytes.byteLength);
      for (let done = 0; done < end;) done += writeSync(this.#descriptor, bytes, done, end - done, position + done);
      if (fault !== undefined) throw diskFullError(this.path);
    } catch (thrown) {
      throw explainWriteFailure(thrown, this.path);
    }
  }

  /** Waits until everything written is on the disk, by an earlier opening of the file too. */
  sync(): void {
    try {
      faultPoint('sync', this.path);
      fdatasyncSync(this.#descriptor);
    } catch (thrown) {
      throw explainWriteFailure(thrown, this.path);
    }
  }

  /** Closes without syncing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#descriptor);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
