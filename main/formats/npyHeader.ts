import { DecantError } from '../../shared/errors.ts';
import { type TensorDtype } from '../../shared/tensor.ts';
import { type RandomAccessFile } from '../files/reading.ts';
import { boundedElementCount, bytesPerElement } from './dtypes.ts';

const descriptions: Partial<Record<TensorDtype, string>> = {
  float64: '<f8',
  float32: '<f4',
  float16: '<f2',
  int64: '<i8',
  int32: '<i4',
  int16: '<i2',
  int8: '|i1',
  uint8: '|u1',
  bool: '|b1',
};
const dtypeOfDescription = new Map(
  (Object.keys(descriptions) as TensorDtype[]).map((dtype) => [descriptions[dtype], dtype]),
);

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const largestHeader = 65_536;
const largestRank = 32;
/** Length of every header that we write: room for any number of rows, so that it can be patched, and data aligned to 64. */
export const npyHeaderLength = 192;

export interface NpyHeader {
  dtype: TensorDtype;
  shape: readonly number[];
  /** Position of the first element in the file. */
  dataStart: number;
}

/** Whether a file that starts so is a .npy file. */
export function isNpy(start: Uint8Array): boolean {
  return magic.every((byte, index) => start[index] === byte);
}

/** A version 1.0 header in numpy's own spelling. */
export function npyHeaderBytes(dtype: TensorDtype, shape: readonly number[]): Uint8Array {
  const description = descriptions[dtype];
  if (description === undefined) throw new RangeError(`.npy has no ${dtype}`);
  const sizes = shape.length === 1 ? `${shape[0] ?? 0},` : shape.join(', ');
  const text = `{'descr': '${description}', 'fortran_order': False, 'shape': (${sizes}), }`;
  if (text.length + 11 > npyHeaderLength) throw new RangeError(`the shape (${sizes}) has too many axes`);
  const bytes = new Uint8Array(npyHeaderLength).fill(0x20);
  bytes.set(magic);
  bytes.set([1, 0], 6);
  new DataView(bytes.buffer).setUint16(8, npyHeaderLength - 10, true);
  bytes.set(new TextEncoder().encode(text), 10);
  bytes[npyHeaderLength - 1] = 0x0a;
  return bytes;
}

/** Each size ends with its comma or is the last: digits can be read in one way only, so that a wrong header is refused at once. */
const headerPattern =
  /^\{\s*'descr':\s*'([<|][a-z]\d+)',\s*'fortran_order':\s*(True|False),\s*'shape':\s*\(((?:\d{1,16},\s*)*(?:\d{1,16})?)\),?\s*\}\s*$/;

/**
 * Reads and checks a header of version 1, 2 or 3: row-major, little-endian, and exactly as many bytes behind it as it declares.
 * Errors: NPY_INVALID, FILE_TRUNCATED, FILE_UNREADABLE.
 */
export async function readNpyHeader(file: RandomAccessFile): Promise<NpyHeader> {
  const invalid = (detail: string): DecantError => new DecantError('NPY_INVALID', `${file.path}: ${detail}`);
  const start = await file.read(0, 12);
  if (!isNpy(start)) throw invalid('it does not begin as a .npy file');
  const version = start[6] ?? 0;
  if (version < 1 || version > 3) throw invalid(`version ${version} is not known`);
  const view = new DataView(start.buffer);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const textStart = version === 1 ? 10 : 12;
  if (length > largestHeader) throw invalid(`a header of ${length} bytes; at most ${largestHeader} are accepted`);
  const text = new TextDecoder('latin1').decode(await file.read(textStart, length));
  const [, description, fortranOrder, sizes] = headerPattern.exec(text) ?? [];
  const dtype = description === undefined ? undefined : dtypeOfDescription.get(description);
  if (sizes === undefined || dtype === undefined) throw invalid('its header is not one of a plain numeric array');
  if (fortranOrder === 'True') throw invalid('it is stored column by column (fortran_order)');
  const shape = sizes
    .split(',')
    .map((size) => size.trim())
    .filter((size) => size !== '')
    .map(Number);
  const count = boundedElementCount(shape);
  if (count === undefined || shape.length > largestRank) throw invalid(`its shape (${sizes}) is not possible`);
  const dataStart = textStart + length;
  const end = dataStart + count * bytesPerElement[dtype];
  if (file.size < end) throw new DecantError('FILE_TRUNCATED', `${file.path} has ${file.size} of ${end} bytes`);
  if (file.size > end) throw invalid(`it has ${file.size - end} bytes more than its header declares`);
  return { dtype, shape, dataStart };
}
