import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openSafetensors, readSafetensors, writeSafetensors } from '../../../main/formats/safetensors.ts';
import { endsProperly, failureOf } from '../../support/failures.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { tensorsOf } from './tensors.ts';

const tensors = tensorsOf(fc.array(fc.nat(4), { maxLength: 3 }));

function raw(header: unknown, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true);
  return Buffer.concat([length, text, data]);
}

test('any tensors and metadata survive a round trip, and the same input gives the same bytes', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'file');
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(fc.string({ maxLength: 12 }), tensors, { maxKeys: 6 }),
      fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }),
      async (content, metadata) => {
        fc.pre(!('__metadata__' in content) && !Object.hasOwn(metadata, '__proto__'));
        const first = await writeSafetensors(path, Object.entries(content), metadata);
        const read = await readSafetensors(path);
        expect(read.tensors).toEqual(new Map(Object.entries(content)));
        expect(read.metadata).toEqual({ ...metadata });
        expect((await writeSafetensors(path, Object.entries(content), metadata)).sha256).toBe(first.sha256);
      },
    ),
    { numRuns: 60 },
  );
});

test('every tensor lies at a multiple of its own element size', async () => {
  const path = join(temporaryFolder(), 'file');
  await writeSafetensors(path, [
    ['a', { dtype: 'int8', shape: [3], data: new Int8Array(3) }],
    ['b', { dtype: 'float16', shape: [1], data: new Uint16Array(1) }],
    ['c', { dtype: 'float32', shape: [1], data: new Float32Array(1) }],
    ['d', { dtype: 'int64', shape: [1], data: new BigInt64Array(1) }],
  ]);
  await using file = await openSafetensors(path);
  expect([...file.entries.keys()]).toEqual(['d', 'c', 'b', 'a']);
  for (const entry of file.entries.values())
    expect(entry.position % (entry.byteLength === 3 ? 1 : entry.byteLength)).toBe(0);
});

test('one tensor can be read alone', async () => {
  const path = join(temporaryFolder(), 'file');
  await writeSafetensors(path, [
    ['a', { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) }],
    ['b', { dtype: 'float32', shape: [1, 1], data: Float32Array.of(3) }],
  ]);
  await using file = await openSafetensors(path);
  expect(await file.read('b')).toEqual({ dtype: 'float32', shape: [1, 1], data: Float32Array.of(3) });
  expect((await failureOf(file.read('c'))).detail).toContain('"c"');
});

const four = new Uint8Array(4);
const entry = (start: number, end: number, extra: object = {}): object => ({
  dtype: 'F32',
  shape: [(end - start) / 4],
  data_offsets: [start, end],
  ...extra,
});
test.each([
  ['a header beyond the file', Buffer.from([200, 0, 0, 0, 0, 0, 0, 0, 0x7b]), 'FILE_TRUNCATED'],
  ['a file of five bytes', Buffer.from([1, 2, 3, 4, 5]), 'FILE_TRUNCATED'],
  ['a header of 2^63 bytes', Buffer.from([0, 0, 0, 0, 0, 0, 0, 0x80, 0x7b]), 'FILE_TOO_LARGE'],
  ['no JSON', raw('{"a"'), 'SAFETENSORS_INVALID'],
  ['an array', raw([]), 'SAFETENSORS_INVALID'],
  ['a hole', raw({ a: entry(0, 4), b: entry(8, 12) }, Buffer.alloc(12)), 'SAFETENSORS_INVALID'],
  ['an overlap', raw({ a: entry(0, 8), b: entry(4, 12) }, Buffer.alloc(12)), 'SAFETENSORS_INVALID'],
  ['data that are missing', raw({ a: entry(0, 8) }, four), 'FILE_TRUNCATED'],
  ['data of nobody', raw({ a: entry(0, 4) }, Buffer.alloc(8)), 'SAFETENSORS_INVALID'],
  ['a shape that does not fit', raw({ a: entry(0, 4, { shape: [2] }) }, four), 'SAFETENSORS_INVALID'],
  ['a shape that overflows', raw({ a: entry(0, 4, { shape: [2 ** 40, 2 ** 40] }) }, four), 'SAFETENSORS_INVALID'],
  ['a negative size', raw({ a: entry(0, 4, { shape: [-1, -1] }) }, four), 'SAFETENSORS_INVALID'],
  ['reversed offsets', raw({ a: entry(4, 0) }, four), 'SAFETENSORS_INVALID'],
  ['an unknown dtype', raw({ a: entry(0, 4, { dtype: 'F8_E4M3', shape: [4] }) }, four), 'SAFETENSORS_INVALID'],
  ['an unknown key', raw({ a: entry(0, 4, { more: 1 }) }, four), 'SAFETENSORS_INVALID'],
  ['metadata that are no text', raw({ __metadata__: { a: 1 } }), 'SAFETENSORS_INVALID'],
])('%s is refused', async (_, bytes, code) => {
  const path = join(temporaryFolder(), 'file');
  await writeFile(path, bytes);
  expect((await failureOf(readSafetensors(path))).code).toBe(code);
});

test('a damaged file never gives anything but its tensors or an error with a code', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'file');
  await writeSafetensors(
    path,
    [
      ['weight', { dtype: 'float32', shape: [2, 3], data: new Float32Array(6) }],
      ['bias', { dtype: 'float16', shape: [3], data: new Uint16Array(3) }],
    ],
    { step: '12' },
  );
  const original = await readFile(path);
  const outcomes = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(original.length - 1), fc.nat(255)), { maxLength: 4 }),
      fc.nat(original.length),
      async (changes, length) => {
        const bytes = Buffer.from(original);
        for (const [position, value] of changes) bytes[position] = value;
        await writeFile(path, changes.length > 2 ? bytes : bytes.subarray(0, length));
        outcomes.add(await endsProperly(readSafetensors(path)));
      },
    ),
    { numRuns: 300 },
  );
  expect(outcomes).toContain('SAFETENSORS_INVALID');
  expect(outcomes).toContain('FILE_TRUNCATED');
});
