import { createHash, type Hash } from 'node:crypto';
import { open, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { diskFullError, faultPoint } from './faults.ts';
import { explainWriteFailure, systemCodeOf } from './failures.ts';
import { claimTemporary, forgetTemporary, syncFolder } from './folders.ts';
import { sha256OfFile } from './hash.ts';

export interface WrittenFile {
  path: string;
  bytes: number;
  /** Lower-case hexadecimal. */
  sha256: string;
}

/** Writes all of `chunk` at the handle's position; a fault may cut it short. */
export async function writeWhole(
  handle: FileHandle,
  chunk: Uint8Array,
  path: string,
  bytesSoFar: number,
): Promise<void> {
  const fault = faultPoint('write', path, bytesSoFar, chunk.byteLength);
  const end = fault === undefined ? chunk.byteLength : Math.min(fault.shortWrite, chunk.byteLength);
  for (let done = 0; done < end;) {
    const { bytesWritten } = await handle.write(chunk, done, end - done, bytesSoFar + done);
    done += bytesWritten;
  }
  if (fault !== undefined) throw diskFullError(path);
}

/**
 * A file that appears under its name only when it is complete and on the disk: temporary file in the same folder, fsync, rename,
 * fsync of the folder. Any failure removes the temporary file and leaves what was under the name as it was.
 * Errors of all methods: DISK_FULL, FILE_UNWRITABLE.
 */
export class DurableWriter {
  readonly #folder: string;
  readonly #label: string;
  readonly #temporary: string;
  readonly #handle: FileHandle;
  readonly #hash: Hash = createHash('sha256');
  #bytes = 0;
  #patched = false;
  #state: 'open' | 'ended' = 'open';

  private constructor(folder: string, label: string, temporary: string, handle: FileHandle) {
    this.#folder = folder;
    this.#label = label;
    this.#temporary = temporary;
    this.#handle = handle;
  }

  /** Starts a file of `folder`, whose name may become known only at the end; `label` names it in messages until then. */
  static async open(folder: string, label = folder): Promise<DurableWriter> {
    const temporary = claimTemporary(folder);
    try {
      faultPoint('create', label);
      return new DurableWriter(resolve(folder), label, temporary, await open(temporary, 'wx'));
    } catch (thrown) {
      forgetTemporary(temporary);
      throw explainWriteFailure(thrown, label);
    }
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#mustBeOpen();
    await this.#orAbort(async () => {
      await writeWhole(this.#handle, chunk, this.#label, this.#bytes);
    });
    this.#hash.update(chunk);
    this.#bytes += chunk.byteLength;
  }

  /** Replaces bytes already written, e.g. a header whose counts are known at the end. The file is then hashed by reading it again. */
  async patch(position: number, chunk: Uint8Array): Promise<void> {
    this.#mustBeOpen();
    if (position < 0 || position + chunk.byteLength > this.#bytes)
      throw new RangeError(`${this.#label}: only bytes already written can be patched`);
    this.#patched = true;
    await this.#orAbort(async () => {
      await writeWhole(this.#handle, chunk, this.#label, position);
    });
  }

  /** Completes the file under `name` in its folder, replacing a file of that name. */
  finish(name: string): Promise<WrittenFile> {
    return this.#complete(() => name, true);
  }

  /**
   * Completes the file under the name made from its hash. A file already there under that name has, by its name, the same content:
   * it stays, and `existed` says so.
   */
  async finishByContent(nameOf: (sha256: string) => string): Promise<WrittenFile & { existed: boolean }> {
    let existed = false;
    const written = await this.#complete(nameOf, false, () => {
      existed = true;
    });
    return { ...written, existed };
  }

  /** Gives the file up and removes what was written. Does nothing after `finish` or a failure. */
  async abort(): Promise<void> {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    await this.#handle.close().catch(() => undefined);
    await unlink(this.#temporary).catch(() => undefined);
    forgetTemporary(this.#temporary);
  }

  async #complete(nameOf: (sha256: string) => string, replace: boolean, onExisting?: () => void): Promise<WrittenFile> {
    this.#mustBeOpen();
    return this.#orAbort(async () => {
      faultPoint('sync', this.#label, this.#bytes);
      await this.#handle.sync();
      await this.#handle.close();
      const sha256 = this.#patched ? (await sha256OfFile(this.#temporary)).sha256 : this.#hash.digest('hex');
      const path = join(this.#folder, nameOf(sha256));
      if (dirname(path) !== this.#folder) throw new RangeError(`${basename(path)} is not a name in ${this.#folder}`);
      faultPoint('rename', path, this.#bytes);
      if (replace) await rename(this.#temporary, path);
      else if (await this.#hasSameSize(path)) {
        onExisting?.();
        await unlink(this.#temporary);
      } else await rename(this.#temporary, path);
      // From here on the file has its name: a failure of the last step must not remove anything.
      this.#state = 'ended';
      forgetTemporary(this.#temporary);
      await syncFolder(this.#folder);
      return { path, bytes: this.#bytes, sha256 };
    });
  }

  async #hasSameSize(path: string): Promise<boolean> {
    try {
      return (await stat(path)).size === this.#bytes;
    } catch (thrown) {
      if (systemCodeOf(thrown) === 'ENOENT') return false;
      throw thrown;
    }
  }

  async #orAbort<Result>(action: () => Promise<Result>): Promise<Result> {
    try {
      return await action();
    } catch (thrown) {
      await this.abort();
      throw explainWriteFailure(thrown, this.#label);
    }
  }

  #mustBeOpen(): void {
    if (this.#state !== 'open') throw new Error(`${this.#label} is already finished or given up`);
  }
}

type Chunks = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

async function writeChunks(writer: DurableWriter, chunks: Chunks): Promise<void> {
  if (chunks instanceof Uint8Array) await writer.write(chunks);
  else for await (const chunk of chunks) await writer.write(chunk);
}

/** Writes a whole file durably, replacing one of that name. Errors: DISK_FULL, FILE_UNWRITABLE, and those of `chunks`. */
export async function writeFileDurably(path: string, chunks: Chunks): Promise<WrittenFile> {
  const writer = await DurableWriter.open(dirname(path), path);
  try {
    await writeChunks(writer, chunks);
    return await writer.finish(basename(path));
  } finally {
    await writer.abort();
  }
}

/** As `writeFileDurably`, named by content: `nameOf` makes the name from the hash. */
export async function writeByContent(
  folder: string,
  nameOf: (sha256: string) => string,
  chunks: Chunks,
): Promise<WrittenFile & { existed: boolean }> {
  const writer = await DurableWriter.open(folder);
  try {
    await writeChunks(writer, chunks);
    return await writer.finishByContent(nameOf);
  } finally {
    await writer.abort();
  }
}
