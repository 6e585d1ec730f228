import { open, type FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { faultPoint } from './faults.ts';
import { explainWriteFailure } from './failures.ts';
import { syncFolder } from './folders.ts';
import { writeWhole } from './durable.ts';

/**
 * An append-only file of which everything up to `length` is on the disk. A batch that fails leaves nothing behind: the file is cut
 * back to its last good length, so that a later batch never follows half of an earlier one.
 * Appends must not overlap: each waits for the one before it. Errors of all methods: DISK_FULL, FILE_UNWRITABLE.
 */
export class DurableAppender implements AsyncDisposable {
  readonly path: string;
  readonly #handle: FileHandle;
  #length: number;
  #state: 'ready' | 'busy' | 'needsTruncation' | 'closed' = 'ready';

  private constructor(path: string, handle: FileHandle, length: number) {
    this.path = path;
    this.#handle = handle;
    this.#length = length;
  }

  /**
   * Opens or creates the file. `validLength` cuts off what follows it: the torn last record that a reader found after a kill.
   */
  static async open(path: string, validLength?: number): Promise<DurableAppender> {
    const full = resolve(path);
    let handle: FileHandle | undefined;
    try {
      faultPoint('create', full);
      // Not 'a': positions are given explicitly, and appending handles ignore them.
      handle = await open(full, 'r+').catch(async (thrown: unknown) => {
        if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return open(full, 'wx+');
        throw thrown;
      });
      const { size } = await handle.stat();
      if (validLength !== undefined && validLength > size)
        throw new RangeError(`${full} has ${size} bytes, ${validLength} cannot be kept`);
      const appender = new DurableAppender(full, handle, validLength ?? size);
      if (appender.#length < size) await appender.#truncate();
      await syncFolder(dirname(full));
      return appender;
    } catch (thrown) {
      await handle?.close();
      throw explainWriteFailure(thrown, full);
    }
  }

  /** Bytes that are acknowledged: written and synced. */
  get length(): number {
    return this.#length;
  }

  /** Appends a batch and waits until it is on the disk; returns the new length. After an error the batch is not in the file. */
  async append(batch: Uint8Array): Promise<number> {
    if (this.#state === 'busy') throw new Error(`${this.path}: the previous append has not ended`);
    if (this.#state === 'closed') throw new Error(`${this.path} is closed`);
    const repair = this.#state === 'needsTruncation';
    this.#state = 'busy';
    try {
      if (repair) await this.#truncate();
      await writeWhole(this.#handle, batch, this.path, this.#length);
      faultPoint('sync', this.path, this.#length + batch.byteLength);
      await this.#handle.datasync();
      this.#length += batch.byteLength;
      this.#state = 'ready';
      return this.#length;
    } catch (thrown) {
      this.#state = await this.#truncate().then(
        () => 'ready' as const,
        () => 'needsTruncation' as const,
      );
      throw explainWriteFailure(thrown, this.path);
    }
  }

  async #truncate(): Promise<void> {
    faultPoint('truncate', this.path, this.#length);
    await this.#handle.truncate(this.#length);
    await this.#handle.datasync();
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    if (this.#state === 'busy') throw new Error(`${this.path}: an append has not ended`);
    this.#state = 'closed';
    await this.#handle.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
