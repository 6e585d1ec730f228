import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { listBackends, startBackend } from '../../../../main/engine/compute/backend.ts';
import { timesTranspose, TransposeCache, transposeTimes } from '../../../../main/engine/compute/matrix.ts';
import { type Backend } from '../../../../main/engine/compute/program.ts';
import { select } from '../../../../main/engine/compute/wasmKernels.ts';
import { floatTensor } from '../../../../shared/tensor.ts';

let backend: Backend;
beforeAll(async () => {
  backend = await startBackend('wasm');
});

test('wasm is always listed, and one process keeps one eager backend', async () => {
  expect(listBackends().find(({ name }) => name === 'wasm')).toMatchObject({ works: true });
  await expect(startBackend('tfjs-node')).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' });
});

const native = listBackends().find(({ name }) => name === 'tfjs-node');
test.skipIf(native?.works)('a package that is not there is said so', () => {
  expect(native?.reason).toBe('the package @tensorflow/tfjs-node is not installed');
});

test('every backend says what it is; one that does not work says why and what to do; auto takes the one it is said to', async () => {
  for (const { works, label, reason, action } of listBackends()) {
    expect([label, reason]).not.toContain('');
    if (!works) expect(action).toMatch(/\w/);
  }
  const meant = listBackends().filter(({ automatic }) => automatic);
  expect(meant).toHaveLength(1);
  expect(meant[0]?.works).toBe(true);
  expect((await startBackend('auto')).name).toBe(meant[0]?.name);
});

describe('a program', () => {
  const counter = {
    name: 'counter',
    state: ['sum', 'untouched'],
    run: (
      state: ReadonlyMap<string, tf.Tensor>,
      batch: ReadonlyMap<string, tf.Tensor>,
      scalars: ReadonlyMap<string, tf.Tensor>,
    ) => {
      const sum = state.get('sum');
      const x = batch.get('x');
      const rate = scalars.get('rate');
      if (!sum || !x || !rate) throw new Error('an input is missing');
      const next = tf.add(sum, tf.mul(x, rate));
      return { state: new Map([...state, ['sum', next]]), outputs: new Map([['total', tf.sum(next)]]) };
    },
  };
  const initial = new Map([
    ['sum', floatTensor([2], Float32Array.of(1, 2))],
    ['untouched', floatTensor([1], Float32Array.of(9))],
  ]);

  test('keeps its state between steps and frees it', async () => {
    const before = tf.memory().numTensors;
    const compiled = backend.compile(counter);
    compiled.load(initial);
    const batch = new Map([['x', floatTensor([2], Float32Array.of(10, 20))]]);
    await compiled.step(batch, { rate: 1 });
    const outputs = await compiled.step(batch, { rate: 0.5 });
    expect([...(outputs.get('total') ?? [])]).toEqual([48]);
    const state = await compiled.read();
    expect([...(state.get('sum')?.data ?? [])]).toEqual([16, 32]);
    expect([...(state.get('untouched')?.data ?? [])]).toEqual([9]);
    compiled.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('refuses a state that lacks a tensor, and a step before a state', async () => {
    const compiled = backend.compile(counter);
    expect(() => compiled.load(new Map([...initial].slice(1)))).toThrow('sum');
    await expect(compiled.step(new Map(), { rate: 1 })).rejects.toThrow('load');
  });
});

describe('products on wasm equal the plain ones', () => {
  test.each([3, 200])('%i rows', (rows) => {
    tf.tidy(() => {
      const x = tf.randomNormal([rows, 7], 0, 1, 'float32', 1);
      const weight = tf.randomNormal([5, 7], 0, 1, 'float32', 2);
      const stacked = tf.randomNormal([3, 5, 7], 0, 1, 'float32', 3);
      const other = tf.randomNormal([rows, 4], 0, 1, 'float32', 4);
      const cache = new TransposeCache();
      const near = (a: tf.Tensor, b: tf.Tensor) => {
        expect(a.shape).toEqual(b.shape);
        expect(tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]).toBeLessThan(1e-4);
      };
      near(timesTranspose(x, weight, cache), tf.matMul(x, weight, false, true));
      near(transposeTimes(x, other), tf.matMul(x, other, true, false));
      near(select(stacked, tf.tensor1d([2, 0], 'int32')), tf.gather(stacked, tf.tensor1d([2, 0], 'int32')));
      cache.dispose();
    });
  });
});
