import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { Executable } from '../../../../../main/engine/compute/onnx/executable.ts';
import { type Backend, type Program } from '../../../../../main/engine/compute/program.ts';
import { shapesKept } from '../../../../../main/engine/compute/recent.ts';
import { requireTensor } from '../../../../../main/engine/tdmpc2/tensors.ts';
import { floatTensor, type TensorMap } from '../../../../../shared/tensor.ts';
import { columns, expectClose, history, matrix, programOf, startBoth } from './statePrograms.ts';

let onnx: Backend;
let eager: Backend;
beforeAll(async () => {
  ({ onnx, eager } = await startBoth());
});

test('a program is recorded for the scalars that it is given', async () => {
  const program: Program = {
    name: 'test',
    state: [],
    run: (_, batch, scalars) => ({
      state: new Map(),
      outputs: new Map([['scaled', tf.mul(requireTensor(batch, 'x'), scalars.get('scale') ?? 3)]]),
    }),
  };
  const compiled = onnx.compile(program);
  compiled.load(new Map());
  const batch: TensorMap = new Map([['x', floatTensor([1], Float32Array.of(2))]]);
  for (const [scalars, wanted] of [
    [{ scale: 5 }, 10],
    [{}, 6],
    [{ scale: 7 }, 14],
  ] as const)
    expect((await compiled.step(batch, scalars)).get('scaled')).toEqual(Float32Array.of(wanted));
  compiled.dispose();
});

test('batches of several shapes go on with one state', async () => {
  const program = programOf(['total', 'weight'], (state, batch) => ({
    state: { total: tf.add(state('total'), tf.sum(batch('x'), 0)), weight: tf.mul(state('weight'), 1.5) },
    outputs: { product: tf.matMul(batch('x'), state('weight')) },
  }));
  const state = (): TensorMap =>
    new Map([
      ['total', floatTensor([columns])],
      ['weight', matrix(4, [columns, 2])],
    ]);
  const batches = [1, 5, 1, 2, 5, 5].map((size, step): TensorMap => new Map([['x', matrix(step, [size, columns])]]));
  expectClose(await history(onnx, program, state(), batches), await history(eager, program, state(), batches));
});

describe('a program of many shapes', () => {
  afterEach(() => vi.restoreAllMocks());

  /** How many executables were made and disposed of. */
  function watched() {
    const made = vi.spyOn(Executable, 'create');
    const disposed = vi.spyOn(Executable.prototype, 'dispose');
    return { counts: () => ({ made: made.mock.calls.length, disposed: disposed.mock.calls.length }), disposed };
  }

  const program = programOf(['total'], (state, batch) => ({
    state: { total: tf.add(state('total'), tf.sum(batch('x'), 0)) },
    outputs: { sums: tf.sum(batch('x'), 1) },
  }));
  const state = (): TensorMap => new Map([['total', floatTensor([columns])]]);
  const batchOf = (size: number): TensorMap => new Map([['x', matrix(size, [size, columns])]]);
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

  test('stays compiled for those that it used last, and goes on with its state', async () => {
    const { counts } = watched();
    const compiled = onnx.compile(program);
    compiled.load(state());
    const step = (size: number) => compiled.step(batchOf(size), {});
    for (const size of upTo(shapesKept)) await step(size);
    expect(counts()).toEqual({ made: shapesKept, disposed: 0 });
    await step(1);
    await step(shapesKept + 1);
    expect(counts()).toEqual({ made: shapesKept + 1, disposed: 1 });
    await step(1);
    expect(counts().made).toBe(shapesKept + 1);
    await step(2);
    expect(counts()).toEqual({ made: shapesKept + 2, disposed: 2 });
    compiled.dispose();
    expect(counts().disposed).toBe(shapesKept + 2);
  });

  test('computes what the eager one does, however often it is compiled again', async () => {
    const { counts } = watched();
    const sizes = [...upTo(shapesKept + 3), ...upTo(shapesKept + 3), 1, 1];
    const batches = sizes.map(batchOf);
    expectClose(await history(onnx, program, state(), batches), await history(eager, program, state(), batches));
    const { made, disposed } = counts();
    expect(made).toBe(2 * (shapesKept + 3) + 1);
    expect(disposed).toBe(made);
  });

  test('tells of one that cannot be disposed of, and keeps its state', async () => {
    const { disposed } = watched();
    const compiled = onnx.compile(program);
    compiled.load(state());
    for (const size of upTo(shapesKept)) await compiled.step(batchOf(size), {});
    const before = await compiled.read();
    disposed.mockRejectedValueOnce(new Error('it is held'));
    await expect(compiled.step(batchOf(100), {})).rejects.toThrow('it is held');
    expect(await compiled.read()).toEqual(before);
    const outputs = await compiled.step(batchOf(100), {});
    expect(outputs.get('sums')).toHaveLength(100);
    compiled.dispose();
  });
});
