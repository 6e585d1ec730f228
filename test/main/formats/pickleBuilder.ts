import { writeFile } from 'node:fs/promises';
import { storedZipChunks } from '../../../main/formats/zipWrite.ts';

/** Parts of pickles written by hand, as Python's pickletools names the opcodes. */
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

export const proto = bytes(0x80, 2);
export const stop = bytes(0x2e);
export const mark = bytes(0x28);
export const none = bytes(0x4e);
export const newFalse = bytes(0x89);
export const emptyDict = bytes(0x7d);
export const emptyList = bytes(0x5d);
export const emptyTuple = bytes(0x29);
export const tuple = bytes(0x74);
export const tuple1 = bytes(0x85);
export const tuple2 = bytes(0x86);
export const append = bytes(0x61);
export const appends = bytes(0x65);
export const setItem = bytes(0x73);
export const setItems = bytes(0x75);
export const reduce = bytes(0x52);
export const newObject = bytes(0x81);
export const build = bytes(0x62);
export const persistent = bytes(0x51);
export const stackGlobal = bytes(0x93);

export const global = (module: string, name: string): Uint8Array => text(`c${module}\n${name}\n`);
export const unicode = (value: string): Uint8Array => {
  const encoded = text(value);
  const length = Buffer.alloc(5, 0x58);
  length.writeUInt32LE(encoded.length, 1);
  return Buffer.concat([length, encoded]);
};
export const integer = (value: number): Uint8Array => {
  const result = Buffer.alloc(10, 0x8a);
  result[1] = 8;
  result.writeBigInt64LE(BigInt(value), 2);
  return result;
};
export const put = (index: number): Uint8Array => bytes(0x71, index);
export const get = (index: number): Uint8Array => bytes(0x68, index);
export const integers = (...values: number[]): Uint8Array => Buffer.concat([mark, ...values.map(integer), tuple]);

export const storage = (key: string, elementCount: number, storageClass = 'FloatStorage'): Uint8Array =>
  Buffer.concat([
    mark,
    unicode('storage'),
    global('torch', storageClass),
    unicode(key),
    unicode('cuda:0'),
    integer(elementCount),
    tuple,
    persistent,
  ]);

export interface TensorParts {
  offset?: number;
  shape: number[];
  strides: number[];
  elementCount: number;
  storageClass?: string;
}

/** A call of `_rebuild_tensor_v2` on storage "0". */
export const tensor = ({ offset = 0, shape, strides, elementCount, storageClass }: TensorParts): Uint8Array =>
  Buffer.concat([
    global('torch._utils', '_rebuild_tensor_v2'),
    mark,
    storage('0', elementCount, storageClass),
    integer(offset),
    integers(...shape),
    integers(...strides),
    newFalse,
    global('collections', 'OrderedDict'),
    emptyTuple,
    reduce,
    tuple,
    reduce,
  ]);

/** A .pt file around a pickle (without PROTO and STOP), with one storage "0". */
export async function writePickled(
  path: string,
  parts: Uint8Array[],
  data: Uint8Array = new Uint8Array(16),
): Promise<void> {
  await writeRawPickle(path, Buffer.concat([proto, ...parts, stop]), data);
}

export async function writeRawPickle(
  path: string,
  pickle: Uint8Array,
  data: Uint8Array = new Uint8Array(16),
): Promise<void> {
  const entries = [
    { name: 'archive/data.pkl', bytes: pickle },
    { name: 'archive/byteorder', bytes: text('little') },
    { name: 'archive/data/0', bytes: data },
  ];
  await writeFile(path, Buffer.concat([...storedZipChunks(entries)]));
}
