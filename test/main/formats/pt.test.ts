import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { openPt, readPtStateDict } from '../../../main/formats/pt.ts';
import { dequantize, toFloat32 } from '../../../main/formats/convert.ts';
import { ptColumns, ptStateDict, type PtColumns } from '../../../main/formats/ptTree.ts';
import { type PtTensor } from '../../../main/formats/ptTensor.ts';
import { failureOf } from '../../support/failures.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

/** Made by PyTorch, see make.py there. */
const folder = join(import.meta.dirname, '../../fixtures/pt');
const fixture = (name: string): string => join(folder, name);
const expectedSchema = z.record(
  z.string(),
  z.record(z.string(), z.object({ shape: z.array(z.number()), values: z.array(z.union([z.number(), z.string()])) })),
);
const expected = expectedSchema.parse(JSON.parse(await readFile(fixture('expected.json'), 'utf8')));

/** Values as Python printed them: exact for float64, so also for everything narrower. */
async function valuesOf(tensor: PtTensor): Promise<(number | string)[]> {
  if (tensor.quantization !== undefined) return [...(await tensor.readFloat32()).data];
  const read = await tensor.read();
  const wide = read.dtype === 'float64' || read.dtype.startsWith('int') ? read : toFloat32(read);
  return Array.from(wide.data as Iterable<number | bigint>, Number).map((value) => {
    if (Number.isNaN(value)) return 'nan';
    if (value === Infinity) return 'inf';
    return value;
  });
}

function columnsOf(columns: PtColumns | undefined): PtColumns {
  if (columns === undefined) throw new Error('no columns');
  return columns;
}

function tensorOf(columns: PtColumns, name: string): PtTensor {
  const tensor = columns.tensors.get(name);
  if (tensor === undefined) throw new Error(`no ${name}`);
  return tensor;
}

test.each(Object.keys(expected))('%s holds what PyTorch put into it', async (name) => {
  await using file = await openPt(fixture(name));
  const columns = columnsOf(ptStateDict(file.root));
  const tensors = expected[name] ?? {};
  expect([...columns.tensors.keys()]).toEqual(Object.keys(tensors));
  for (const [key, { shape, values }] of Object.entries(tensors)) {
    const tensor = tensorOf(columns, key);
    expect([key, tensor.shape]).toEqual([key, shape]);
    expect([key, await valuesOf(tensor)]).toEqual([key, values]);
  }
  await file.verify();
});

test.each(['state_dict.pt', 'tensordict_040.pt', 'deflated.pt'])(
  'rows of %s are those of the whole tensor',
  async (name) => {
    await using file = await openPt(fixture(name));
    for (const tensor of columnsOf(ptStateDict(file.root)).tensors.values()) {
      const [rows] = tensor.shape;
      if (rows === undefined) continue;
      const whole = await tensor.read();
      const rowLength = rows === 0 ? 0 : whole.data.length / rows;
      for (let start = 0; start <= rows; start++)
        for (let count = 0; start + count <= rows; count++) {
          const part = await tensor.readRows(start, count);
          expect(part.shape).toEqual([count, ...tensor.shape.slice(1)]);
          expect(part.data).toEqual(whole.data.slice(start * rowLength, (start + count) * rowLength));
        }
      await expect((async () => tensor.readRows(rows, 1))()).rejects.toThrow(RangeError);
    }
  },
);

test('both TensorDict layouts say their batch size, a plain dictionary has none', async () => {
  for (const name of ['tensordict_040.pt', 'tensordict_021.pt', 'plain_dict.pt']) {
    await using file = await openPt(fixture(name));
    expect(ptColumns(file.root)?.batchSize).toEqual(name === 'plain_dict.pt' ? undefined : [2, 5]);
  }
});

test('entries of the newer layout that are no tensors are kept apart', async () => {
  await using file = await openPt(fixture('newer_layout.pt'));
  const columns = columnsOf(ptStateDict(file.root));
  expect([...columns.others]).toEqual([
    ['_Qs.params.__batch_size', { kind: 'sequence', items: [{ kind: 'scalar', value: 2 }] }],
    ['_Qs.params.__device', { kind: 'scalar', value: null }],
    ['_target_Qs_params.__device', { kind: 'device', name: 'cuda:0' }],
  ]);
  expect(tensorOf(columns, '_detach_Qs_params.0.weight').storage).toBe(
    tensorOf(columns, '_Qs.params.0.weight').storage,
  );
});

test('quantized tensors are codes with a scale, per tensor or per channel', async () => {
  const state = await readPtStateDict(fixture('quantized.pt'));
  expect(state.quantization.get('tensor')).toEqual({ kind: 'perTensor', scale: 0.25, zeroPoint: 3 });
  expect([...(state.tensors.get('tensor')?.data ?? [])]).toEqual([5, -2, 15, 127]);
  const channel = state.quantization.get('channel1');
  expect(channel).toMatchObject({ kind: 'perChannel', axis: 1, zeroPoints: BigInt64Array.of(1n, 0n) });
  const codes = state.tensors.get('channel1');
  if (channel === undefined || codes === undefined) throw new Error('no channel1');
  const values = dequantize(codes, channel).data;
  for (const [index, value] of [0.5, -1, 1, 20].entries()) expect(values[index]).toBeCloseTo(value, 1);
});

test('reading rows in order to the end verifies the checksum; out of order it does not, and says so', async () => {
  await using file = await openPt(fixture('tensordict_040.pt'));
  const tensor = tensorOf(columnsOf(ptColumns(file.root)), 'obs');
  await tensor.readRows(1, 1);
  expect(tensor.storage.verified).toBe(false);
  await tensor.readRows(0, 1);
  expect(tensor.storage.verified).toBe(false);
  await tensor.readRows(1, 1);
  expect(tensor.storage.verified).toBe(true);
});

test('a storage with a flipped bit is found: read whole, in rows to the end, and by verify', async () => {
  const path = join(temporaryFolder(), 'flipped.pt');
  const bytes = await readFile(fixture('tensordict_040.pt'));
  await using intact = await openPt(fixture('tensordict_040.pt'));
  const obs = Buffer.from((await tensorOf(columnsOf(ptColumns(intact.root)), 'obs').read()).data.buffer);
  const position = bytes.indexOf(obs) + obs.length - 1;
  bytes[position] = (bytes[position] ?? 0) ^ 0x10;
  await writeFile(path, bytes);
  const open = async (): Promise<{ tensor: PtTensor; file: Awaited<ReturnType<typeof openPt>> }> => {
    const file = await openPt(path);
    return { file, tensor: tensorOf(columnsOf(ptColumns(file.root)), 'obs') };
  };
  const whole = await open();
  expect(await failureOf(whole.tensor.read())).toMatchObject({ code: 'ZIP_INVALID' });
  await whole.file.close();
  const rows = await open();
  await rows.tensor.readRows(0, 1);
  expect((await failureOf(rows.tensor.readRows(1, 1))).code).toBe('ZIP_INVALID');
  await rows.file.close();
  const verified = await open();
  expect((await failureOf(verified.file.verify())).code).toBe('ZIP_INVALID');
  await verified.file.close();
});

test.each([
  ['before_16.pt', 'FORMAT_UNKNOWN', 'PyTorch before 1.6'],
  ['big_endian.pt', 'FORMAT_UNKNOWN', 'byte order "big"'],
  ['expected.json', 'FORMAT_UNKNOWN', 'neither'],
  ['none.pt', 'FILE_UNREADABLE', 'none.pt'],
])('%s is refused', async (name, code, detail) => {
  const failure = await failureOf(openPt(fixture(name)));
  expect(failure.code).toBe(code);
  expect(failure.detail).toContain(detail);
});

test('a file cut at any length is refused', async () => {
  const path = join(temporaryFolder(), 'cut.pt');
  const bytes = await readFile(fixture('plain_dict.pt'));
  for (let length = 0; length < bytes.length; length += 1 + (length % 37)) {
    await writeFile(path, bytes.subarray(0, length));
    const { code } = await failureOf(openPt(path));
    expect([length, code]).toEqual([length, length < 4 && length > 0 ? 'FORMAT_UNKNOWN' : 'FILE_TRUNCATED']);
  }
});
