import { type Tensor, type TensorData, type TensorDtype } from '../../shared/tensor.ts';
import { DurableWriter, writeFileDurably, type WrittenFile } from '../files/durable.ts';
import { openedAs, type RandomAccessFile } from '../files/reading.ts';
import { bytesOfData, bytesPerElement, checkTensor, dataOfBytes } from './dtypes.ts';
import { npyHeaderBytes, readNpyHeader, type NpyHeader } from './npyHeader.ts';

/**
 * A .npy file opened for reading ranges of rows (entries of the first axis); the rest of it is never loaded.
 * Errors of all reads: FILE_TRUNCATED, FILE_UNREADABLE.
 */
export class NpyFile implements AsyncDisposable {
  readonly path: string;
  readonly dtype: TensorDtype;
  readonly shape: readonly number[];
  /** Entries of the first axis. */
  readonly rowCount: number;
  /** Elements of one entry of the first axis. */
  readonly rowLength: number;
  readonly #file: RandomAccessFile;
  readonly #dataStart: number;

  constructor(file: RandomAccessFile, header: NpyHeader) {
    this.path = file.path;
    this.dtype = header.dtype;
    this.shape = header.shape;
    this.rowCount = header.shape[0] ?? 1;
    this.rowLength = header.shape.slice(1).reduce((product, size) => product * size, 1);
    this.#file = file;
    this.#dataStart = header.dataStart;
  }

  #range(start: number, count: number): { position: number; length: number } {
    if (!(start >= 0 && count >= 0 && start + count <= this.rowCount))
      throw new RangeError(`${this.path}: rows ${start} to ${start + count} of ${this.rowCount}`);
    const rowBytes = this.rowLength * bytesPerElement[this.dtype];
    return { position: this.#dataStart + start * rowBytes, length: count * rowBytes };
  }

  /** Rows as a new tensor [count, ...]. */
  async readRows(start: number, count: number): Promise<Tensor> {
    const { position, length } = this.#range(start, count);
    return this.#tensor(count, await this.#file.read(position, length));
  }

  /** As `readRows`, blocking: for a few rows the quicker way. */
  readRowsSync(start: number, count: number): Tensor {
    const { position, length } = this.#range(start, count);
    return this.#tensor(count, this.#file.readSync(position, length));
  }

  /** Reads rows into `target` (of this file's dtype) from element `offset` on, blocking and without allocating. */
  readRowsInto(start: number, count: number, target: TensorData, offset: number): void {
    const { position, length } = this.#range(start, count);
    const bytes = bytesOfData(target);
    const first = offset * bytesPerElement[this.dtype];
    if (target.BYTES_PER_ELEMENT !== bytesPerElement[this.dtype] || first + length > bytes.byteLength)
      throw new RangeError(`${this.path}: ${count} rows of ${this.dtype} do not fit the target`);
    this.#file.readIntoSync(bytes.subarray(first, first + length), position);
  }

  /** The whole array. */
  async read(): Promise<Tensor> {
    const { position, length } = this.#range(0, this.rowCount);
    return {
      dtype: this.dtype,
      shape: this.shape,
      data: dataOfBytes(this.dtype, await this.#file.read(position, length)),
    };
  }

  #tensor(count: number, bytes: Uint8Array): Tensor {
    return { dtype: this.dtype, shape: [count, ...this.shape.slice(1)], data: dataOfBytes(this.dtype, bytes) };
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Reads and checks the header. Errors: NPY_INVALID, FILE_TRUNCATED, FILE_UNREADABLE. */
export async function openNpy(path: string): Promise<NpyFile> {
  return openedAs(path, async (file) => new NpyFile(file, await readNpyHeader(file)));
}

/** A whole array. Errors as for `openNpy`. */
export async function readNpy(path: string): Promise<Tensor> {
  await using file = await openNpy(path);
  return await file.read();
}

/** Writes a whole array durably. Errors: DISK_FULL, FILE_UNWRITABLE. */
export function writeNpy(path: string, tensor: Tensor): Promise<WrittenFile> {
  checkTensor(path, tensor);
  return writeFileDurably(path, [npyHeaderBytes(tensor.dtype, tensor.shape), bytesOfData(tensor.data)]);
}

/** Writes rows as they come; the number of rows is put into the header at the end. Errors: DISK_FULL, FILE_UNWRITABLE. */
export class NpyWriter {
  readonly #writer: DurableWriter;
  readonly #dtype: TensorDtype;
  readonly #rowShape: readonly number[];
  readonly #rowLength: number;
  #rowCount = 0;

  private constructor(writer: DurableWriter, dtype: TensorDtype, rowShape: readonly number[]) {
    this.#writer = writer;
    this.#dtype = dtype;
    this.#rowShape = rowShape;
    this.#rowLength = rowShape.reduce((product, size) => product * size, 1);
  }

  /** `rowShape` is the shape without its first axis: [] for a column of scalars. */
  static async open(folder: string, dtype: TensorDtype, rowShape: readonly number[]): Promise<NpyWriter> {
    const header = npyHeaderBytes(dtype, [0, ...rowShape]);
    const writer = await DurableWriter.open(folder);
    await writer.write(header);
    return new NpyWriter(writer, dtype, rowShape);
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  /** Appends whole rows. */
  async write(rows: TensorData): Promise<void> {
    const count = this.#rowLength === 0 ? Number.NaN : rows.length / this.#rowLength;
    if (!Number.isInteger(count) || rows.BYTES_PER_ELEMENT !== bytesPerElement[this.#dtype])
      throw new RangeError(`${rows.length} values are no whole rows of ${this.#rowLength} ${this.#dtype}`);
    await this.#writer.write(bytesOfData(rows));
    this.#rowCount += count;
  }

  /** Completes the file under `name` in its folder. */
  async finish(name: string): Promise<WrittenFile> {
    await this.#patchHeader();
    return this.#writer.finish(name);
  }

  /** Names the file by its content, see `DurableWriter.finishByContent`. */
  async finishByContent(nameOf: (sha256: string) => string): Promise<WrittenFile & { existed: boolean }> {
    await this.#patchHeader();
    return this.#writer.finishByContent(nameOf);
  }

  abort(): Promise<void> {
    return this.#writer.abort();
  }

  #patchHeader(): Promise<void> {
    return this.#writer.patch(0, npyHeaderBytes(this.#dtype, [this.#rowCount, ...this.#rowShape]));
  }
}
