import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesOfData } from '../../../main/formats/dtypes.ts';
import { openPt, readPtStateDict } from '../../../main/formats/pt.ts';
import { writePt } from '../../../main/formats/ptWrite.ts';
import { type Tensor } from '../../../shared/tensor.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { tensorsOf } from './tensors.ts';

const tensors = tensorsOf(fc.array(fc.nat(300), { maxLength: 2 }));

test('any state dict survives a round trip in its order, and the same input gives the same bytes', async () => {
  const path = join(temporaryFolder(), 'file.pt');
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.tuple(fc.string(), tensors), { selector: ([name]) => name, minLength: 1, maxLength: 5 }),
      async (content) => {
        const first = await writePt(path, content);
        const read = await readPtStateDict(path);
        expect([...read.tensors.keys()]).toEqual(content.map(([name]) => name));
        for (const [name, tensor] of content) {
          const back = read.tensors.get(name);
          expect([back?.dtype, back?.shape]).toEqual([tensor.dtype, tensor.shape]);
          expect(
            back === undefined ? false : Buffer.from(bytesOfData(back.data)).equals(bytesOfData(tensor.data)),
          ).toBe(true);
        }
        expect((await writePt(path, content)).sha256).toBe(first.sha256);
      },
    ),
    { numRuns: 40 },
  );
});

const weight: Tensor = { dtype: 'float32', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };

test('the layout is that of the official checkpoints: one entry "model"; or the dictionary itself', async () => {
  const path = join(temporaryFolder(), 'file.pt');
  await writePt(path, [['_encoder.state.0.weight', weight]]);
  {
    await using file = await openPt(path);
    expect(file.root.kind === 'dictionary' ? [...file.root.entries.keys()] : []).toEqual(['model']);
  }
  await writePt(path, [['obs', weight]], { root: 'plain' });
  await using file = await openPt(path);
  expect(file.root.kind === 'dictionary' ? [...file.root.entries.keys()] : []).toEqual(['obs']);
});

test('the bytes are those that PyTorch was seen to accept, with data at multiples of 64', async () => {
  const path = join(temporaryFolder(), 'file.pt');
  const written = await writePt(path, [
    ['weight', weight],
    ['half', { dtype: 'float16', shape: [1], data: Uint16Array.of(0x3c00) }],
  ]);
  const bytes = await readFile(path);
  expect(bytes.indexOf(Buffer.from(bytesOfData(weight.data))) % 64).toBe(0);
  // Loaded with torch.load(weights_only=True), with and without mmap, when this test was written.
  expect(written.sha256).toBe('78805440890039037a5ae9adf873932a24f88e95c8194906eff865fdefe78adb');
});

test('a tensor whose array does not hold its shape is refused', () => {
  const path = join(temporaryFolder(), 'file.pt');
  expect(() => writePt(path, [['bad', { dtype: 'float32', shape: [4], data: new Float32Array(3) }]])).toThrow('bad');
});
