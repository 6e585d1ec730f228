import { z } from 'zod';
import { DecantError } from '../../shared/errors.ts';
import { elementCount, type TensorDtype } from '../../shared/tensor.ts';
import { type RandomAccessFile } from '../files/reading.ts';
import { boundedElementCount, bytesPerElement } from './dtypes.ts';

/** The limit of the format's own library. */
export const largestSafetensorsHeader = 100_000_000;

const dtypeNames: Record<TensorDtype, string> = {
  float64: 'F64',
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint8: 'U8',
  bool: 'BOOL',
};
const dtypeOfName = new Map<string, TensorDtype>(
  (Object.keys(dtypeNames) as TensorDtype[]).map((dtype) => [dtypeNames[dtype], dtype]),
);

const naturalSchema = z.int().nonnegative();
const entrySchema = z.strictObject({
  dtype: z.string(),
  shape: z.array(naturalSchema),
  data_offsets: z.tuple([naturalSchema, naturalSchema]),
});
const metadataSchema = z.record(z.string(), z.string());

export interface SafetensorsEntry {
  readonly dtype: TensorDtype;
  readonly shape: readonly number[];
  /** Position of the first byte in the file. */
  readonly position: number;
  readonly byteLength: number;
}

function parseEntry(
  name: string,
  declared: unknown,
  dataStart: number,
  invalid: (detail: string) => DecantError,
): SafetensorsEntry {
  const parsed = entrySchema.safeParse(declared);
  if (!parsed.success) throw invalid(`tensor "${name}" is not described as dtype, shape and data_offsets`);
  const { shape, data_offsets: offsets } = parsed.data;
  const dtype = dtypeOfName.get(parsed.data.dtype);
  if (dtype === undefined) throw invalid(`tensor "${name}" is of dtype "${parsed.data.dtype}", which is not read here`);
  const count = boundedElementCount(shape);
  const byteLength = offsets[1] - offsets[0];
  if (count === undefined || count * bytesPerElement[dtype] !== byteLength)
    throw invalid(`tensor "${name}" [${shape.join(', ')}] of ${dtype} does not fill its ${byteLength} bytes`);
  return { dtype, shape, position: dataStart + offsets[0], byteLength };
}

/** The tensors must fill the rest of the file, without holes and without sharing bytes. */
function checkCoverage(entries: Map<string, SafetensorsEntry>, start: number, end: number, path: string): void {
  let position = start;
  for (const [name, entry] of [...entries].sort(
    ([, a], [, b]) => a.position - b.position || a.byteLength - b.byteLength,
  )) {
    if (entry.position !== position)
      throw new DecantError(
        'SAFETENSORS_INVALID',
        `${path}: tensor "${name}" ${entry.position < position ? 'overlaps' : 'leaves a hole after'} the one before it`,
      );
    position += entry.byteLength;
  }
  if (position > end)
    throw new DecantError('FILE_TRUNCATED', `${path} has ${end} bytes where its header declares ${position}`);
  if (position < end)
    throw new DecantError('SAFETENSORS_INVALID', `${path} has ${end - position} bytes that belong to no tensor`);
}

export interface SafetensorsHeader {
  readonly entries: Map<string, SafetensorsEntry>;
  readonly metadata: Record<string, string>;
}

/** Errors: FILE_UNREADABLE, FILE_TRUNCATED, FILE_TOO_LARGE, SAFETENSORS_INVALID. */
export async function readHeader(file: RandomAccessFile): Promise<SafetensorsHeader> {
  const invalid = (detail: string): DecantError => new DecantError('SAFETENSORS_INVALID', `${file.path}: ${detail}`);
  const prefix = await file.read(0, 8);
  const length = Number(new DataView(prefix.buffer).getBigUint64(0, true));
  if (length > largestSafetensorsHeader)
    throw new DecantError(
      'FILE_TOO_LARGE',
      `${file.path}: a header of ${length} bytes; at most ${largestSafetensorsHeader} are accepted`,
    );
  const headerBytes = await file.read(8, length);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(headerBytes));
  } catch {
    throw invalid('its header is not JSON');
  }
  if (headerBytes[0] !== 0x7b || typeof header !== 'object' || header === null)
    throw invalid('its header is not an object');
  const entries = new Map<string, SafetensorsEntry>();
  let metadata: Record<string, string> = {};
  for (const [name, declared] of Object.entries(header)) {
    if (name !== '__metadata__') {
      entries.set(name, parseEntry(name, declared, 8 + length, invalid));
      continue;
    }
    const parsed = metadataSchema.safeParse(declared);
    if (!parsed.success) throw invalid('its metadata are not all text');
    metadata = parsed.data;
  }
  checkCoverage(entries, 8 + length, file.size, file.path);
  return { entries, metadata };
}

/** A tensor as a header describes it. */
export interface TensorDescription {
  readonly dtype: TensorDtype;
  readonly shape: readonly number[];
}

/** The order of the data and the bytes before them: wider dtypes come first, otherwise the given order stays. */
export function layOut<Item extends TensorDescription>(
  tensors: Iterable<readonly [string, Item]>,
  metadata: Readonly<Record<string, string>>,
): { header: Uint8Array; ordered: (readonly [string, Item])[] } {
  const ordered = [...tensors].sort(([, a], [, b]) => bytesPerElement[b.dtype] - bytesPerElement[a.dtype]);
  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0)
    header.push(['__metadata__', Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)))]);
  let offset = 0;
  for (const [name, tensor] of ordered) {
    const end = offset + elementCount(tensor.shape) * bytesPerElement[tensor.dtype];
    header.push([name, { dtype: dtypeNames[tensor.dtype], shape: tensor.shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  if (new Set(header.map(([name]) => name)).size !== header.length)
    throw new RangeError('two tensors have the same name');
  // Not JSON.stringify of an object: that would move names that look like numbers to the front.
  const json = `{${header.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;
  const text = new TextEncoder().encode(json);
  const padded = new Uint8Array(8 + Math.ceil(text.byteLength / 8) * 8).fill(0x20);
  new DataView(padded.buffer).setBigUint64(0, BigInt(padded.byteLength - 8), true);
  padded.set(text, 8);
  return { header: padded, ordered };
}
