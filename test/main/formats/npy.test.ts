import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NpyWriter, openNpy, readNpy, writeNpy } from '../../../main/formats/npy.ts';
import { type Tensor } from '../../../shared/tensor.ts';
import { endsProperly, failureOf } from '../../support/failures.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const rows = Float32Array.from({ length: 12 }, (_, index) => index / 3);
const matrix: Tensor = { dtype: 'float32', shape: [4, 3], data: rows };

/** A file as numpy writes it: `text` padded to a multiple of 64. */
function numpyFile(text: string, data: Uint8Array, version = 1): Uint8Array {
  const lengthBytes = version === 1 ? 2 : 4;
  const padded = text.padEnd(Math.ceil((text.length + 9 + lengthBytes) / 64) * 64 - 9 - lengthBytes) + '\n';
  const length = Buffer.alloc(lengthBytes);
  length.writeUIntLE(padded.length, 0, lengthBytes);
  return Buffer.concat([Buffer.from('\x93NUMPY', 'latin1'), Buffer.of(version, 0), length, Buffer.from(padded), data]);
}

test('arrays of every dtype and rank survive a round trip', async () => {
  const path = join(temporaryFolder(), 'a.npy');
  const cases: Tensor[] = [
    matrix,
    { dtype: 'float32', shape: [], data: Float32Array.of(5) },
    { dtype: 'float64', shape: [2], data: Float64Array.of(0.1, NaN) },
    { dtype: 'float16', shape: [1, 2], data: Uint16Array.of(0x3c00, 0x7c00) },
    { dtype: 'int64', shape: [2], data: BigInt64Array.of(-1n, 2n ** 62n) },
    { dtype: 'int32', shape: [1], data: Int32Array.of(-7) },
    { dtype: 'int16', shape: [1], data: Int16Array.of(-300) },
    { dtype: 'int8', shape: [0, 3], data: new Int8Array(0) },
    { dtype: 'uint8', shape: [2, 1, 1], data: Uint8Array.of(255, 0) },
    { dtype: 'bool', shape: [2], data: Uint8Array.of(1, 0) },
  ];
  for (const tensor of cases) {
    await writeNpy(path, tensor);
    expect(await readNpy(path)).toEqual(tensor);
  }
  expect(() => writeNpy(path, { dtype: 'bfloat16', shape: [1], data: new Uint16Array(1) })).toThrow('bfloat16');
});

test('the header is numpy own spelling, and the data are aligned to 64 bytes', async () => {
  const path = join(temporaryFolder(), 'a.npy');
  await writeNpy(path, matrix);
  const bytes = await readFile(path);
  expect(bytes.subarray(0, 8).toString('latin1')).toBe('\x93NUMPY\x01\x00');
  expect(bytes.subarray(10).toString('latin1')).toMatch(
    /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(4, 3\), \} +\n/,
  );
  expect((bytes.length - 48) % 64).toBe(0);
});

test('any range of rows is read, without the rest', async () => {
  const path = join(temporaryFolder(), 'a.npy');
  await writeNpy(path, matrix);
  await using file = await openNpy(path);
  expect(file).toMatchObject({ dtype: 'float32', rowCount: 4, rowLength: 3 });
  for (let start = 0; start <= 4; start++)
    for (let count = 0; start + count <= 4; count++) {
      const expected = { dtype: 'float32', shape: [count, 3], data: rows.slice(3 * start, 3 * (start + count)) };
      expect(await file.readRows(start, count)).toEqual(expected);
      expect(file.readRowsSync(start, count)).toEqual(expected);
      const target = new Float32Array(13).fill(-1);
      file.readRowsInto(start, count, target, 1);
      expect([...target.subarray(1, 1 + 3 * count)]).toEqual([...expected.data]);
      expect(target[0]).toBe(-1);
      if (count < 4) expect(target[1 + 3 * count]).toBe(-1);
    }
  await expect(file.readRows(3, 2)).rejects.toThrow(RangeError);
  expect(() => {
    file.readRowsInto(0, 4, new Float32Array(12), 1);
  }).toThrow(RangeError);
  expect(() => {
    file.readRowsInto(0, 1, new Float64Array(12), 0);
  }).toThrow(RangeError);
});

test('rows written as they come are the same file, named by content where wanted', async () => {
  const folder = temporaryFolder();
  const whole = await writeNpy(join(folder, 'whole.npy'), matrix);
  const writer = await NpyWriter.open(folder, 'float32', [3]);
  await writer.write(rows.subarray(0, 3));
  await expect(writer.write(rows.subarray(0, 4))).rejects.toThrow(RangeError);
  await expect(writer.write(new Float64Array(3))).rejects.toThrow(RangeError);
  await writer.write(rows.subarray(3));
  const written = await writer.finishByContent((sha256) => `${sha256}.npy`);
  expect(written).toMatchObject({ sha256: whole.sha256, existed: false });
  expect(await readNpy(written.path)).toEqual(matrix);
});

test('files of numpy itself are read: versions 1 to 3, scalars and columns', async () => {
  const path = join(temporaryFolder(), 'a.npy');
  const data = Buffer.from(Float32Array.of(1, 2).buffer);
  for (const version of [1, 2, 3]) {
    await writeFile(path, numpyFile("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", data, version));
    expect(await readNpy(path)).toEqual({ dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) });
  }
  await writeFile(path, numpyFile("{'descr': '<i8', 'fortran_order': False, 'shape': (), }", data));
  expect((await readNpy(path)).shape).toEqual([]);
});

const eight = Buffer.alloc(8);
test.each([
  ['another file', Buffer.from('not an array, really'), 'NPY_INVALID'],
  ['too short a file', Buffer.from('\x93NUMPY', 'latin1'), 'FILE_TRUNCATED'],
  ['Fortran order', numpyFile("{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }", eight), 'NPY_INVALID'],
  ['big-endian data', numpyFile("{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", eight), 'NPY_INVALID'],
  ['Python objects', numpyFile("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", eight), 'NPY_INVALID'],
  ['records', numpyFile("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", eight), 'NPY_INVALID'],
  [
    'a size beyond measure',
    numpyFile("{'descr': '<f4', 'fortran_order': False, 'shape': (999999999999999, 99), }", eight),
    'NPY_INVALID',
  ],
  [
    'a size of many digits that ends wrong',
    numpyFile(`{'descr': '<f4', 'fortran_order': False, 'shape': (${'1'.repeat(60)}x), }`, eight),
    'NPY_INVALID',
  ],
  ['missing rows', numpyFile("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", eight), 'FILE_TRUNCATED'],
  ['bytes left over', numpyFile("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", eight), 'NPY_INVALID'],
  ['version 9', numpyFile("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", eight, 9), 'NPY_INVALID'],
  ['a huge header', Buffer.from('\x93NUMPY\x02\x00\xff\xff\xff\xff____', 'latin1'), 'NPY_INVALID'],
])('%s is refused', async (_, bytes, code) => {
  const path = join(temporaryFolder(), 'a.npy');
  await writeFile(path, bytes);
  expect((await failureOf(readNpy(path))).code).toBe(code);
});

test('a damaged file never gives anything but its array or an error with a code', async () => {
  const path = join(temporaryFolder(), 'a.npy');
  await writeNpy(path, matrix);
  const original = await readFile(path);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 4 }),
      fc.nat(original.length),
      async (changes, length) => {
        const bytes = Buffer.from(original);
        for (const [position, value] of changes) bytes[position] = value;
        await writeFile(path, changes.length > 2 ? bytes : bytes.subarray(0, length));
        await endsProperly(readNpy(path));
      },
    ),
    { numRuns: 300 },
  );
});
