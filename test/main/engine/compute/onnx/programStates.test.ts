import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Backend } from '../../../../../main/engine/compute/program.ts';
import { elementCount, floatTensor, type Tensor, type TensorMap } from '../../../../../shared/tensor.ts';
import { adamNames, adamOf, adamState, matrix, programOf, rows, type Run, startBoth } from './statePrograms.ts';

let onnx: Backend;
let eager: Backend;
beforeAll(async () => {
  ({ onnx, eager } = await startBoth());
});

test('what was loaded and what was read stay as they are', async () => {
  const program = programOf(adamNames, (state, batch) => ({
    state: { ...adamOf(state, batch('x')), other: tf.add(state('other'), state('weight')) },
    outputs: { weight: state('weight') },
  }));
  const loaded = adamState();
  const copies = (tensors: TensorMap) => [...tensors.values()].map(({ data }) => Array.from(data, Number));
  const before = copies(loaded);
  const compiled = onnx.compile(program);
  compiled.load(loaded);
  const batch: TensorMap = new Map([['x', matrix(3)]]);
  const outputs = await compiled.step(batch, {});
  const output = Array.from(outputs.get('weight') ?? []);
  const read = await compiled.read();
  const afterOne = copies(read);
  await compiled.step(batch, {});
  await compiled.step(batch, {});
  expect(copies(loaded)).toEqual(before);
  expect(copies(read)).toEqual(afterOne);
  expect(Array.from(outputs.get('weight') ?? [])).toEqual(output);
  expect(copies(await compiled.read())).not.toEqual(afterOne);
  compiled.dispose();
});

test('a step that fails on its way leaves no state that is half of one', async () => {
  const program = programOf(adamNames, (state, batch) => {
    const after = adamOf(state, batch('x'));
    // Only a row that is there can be looked up, and only after Adam.
    return { state: { ...after, other: tf.gather(after['weight'] ?? state('weight'), batch('rows')) }, outputs: {} };
  });
  const batch = (row: number): TensorMap =>
    new Map<string, Tensor>([
      ['x', matrix(3)],
      ['rows', { dtype: 'int32', shape: [rows], data: Int32Array.of(0, 1, row) }],
    ]);
  const compiled = onnx.compile(program);
  compiled.load(adamState());
  await compiled.step(batch(2), {});
  await expect(compiled.step(batch(rows), {})).rejects.toThrow(/out of data bounds/);
  expect(await compiled.read()).toEqual(new Map());
  await expect(compiled.step(batch(2), {})).rejects.toThrow('load a state');
  compiled.load(adamState());
  await compiled.step(batch(2), {});
  compiled.dispose();
});

test('a state of another shape or dtype is refused', async () => {
  const stepOf = (run: (state: tf.Tensor) => tf.Tensor) => {
    const compiled = onnx.compile(
      programOf(['weight'], (state) => ({ state: { weight: run(state('weight')) }, outputs: {} })),
    );
    compiled.load(new Map([['weight', matrix(1)]]));
    return compiled.step(new Map(), {});
  };
  await expect(stepOf((weight) => tf.transpose(weight))).rejects.toThrow('float32 [4, 3] of state weight [3, 4]');
  await expect(stepOf((weight) => tf.cast(weight, 'int32'))).rejects.toThrow('int32 [3, 4] of state weight');
});

describe.each(['onnx', 'eager'])('%s', (name) => {
  const compile = (run: Run) => (name === 'onnx' ? onnx : eager).compile(programOf(['weight'], run));
  const load = (weight: Tensor): TensorMap => new Map([['weight', weight]]);

  test('a state of other shapes is loaded as what it is, with as many numbers or not', async () => {
    const compiled = compile((state, batch) => ({
      state: { weight: tf.mul(state('weight'), batch('x')) },
      outputs: { sum: tf.sum(state('weight'), 0) },
    }));
    const batch: TensorMap = new Map([['x', floatTensor([], Float32Array.of(2))]]);
    for (const { shape, sum } of [
      { shape: [2, 3], sum: [5, 7, 9] },
      { shape: [3, 2], sum: [9, 12] },
      { shape: [6], sum: [21] },
      { shape: [1, 4], sum: [1, 2, 3, 4] },
      { shape: [2, 3], sum: [5, 7, 9] },
    ]) {
      const weight = floatTensor(
        shape,
        Float32Array.from({ length: elementCount(shape) }, (_, index) => index + 1),
      );
      compiled.load(load(weight));
      const outputs = await compiled.step(batch, {});
      expect([...(outputs.get('sum') ?? [])]).toEqual(sum);
      const doubled = weight.data.map((value) => 2 * value);
      expect((await compiled.read()).get('weight')).toEqual(floatTensor(shape, doubled));
    }
    compiled.dispose();
  });

  test('a state that is missing, not float32 or of another length than its shape is refused, and the one before stays', async () => {
    const compiled = compile((state) => ({ state: { weight: tf.neg(state('weight')) }, outputs: {} }));
    compiled.load(load(floatTensor([2], Float32Array.of(1, 2))));
    const refused: [TensorMap, RegExp][] = [
      [new Map<string, Tensor>(), /needs state weight/],
      [load({ dtype: 'int32', shape: [2], data: Int32Array.of(1, 2) }), /weight as float32, not int32/],
      [load({ dtype: 'float32', shape: [3], data: Float32Array.of(1, 2) }), /\[3\] does not hold 2 values/],
    ];
    for (const [state, message] of refused) {
      expect(() => compiled.load(state)).toThrow(RangeError);
      expect(() => compiled.load(state)).toThrow(message);
    }
    await compiled.step(new Map(), {});
    expect((await compiled.read()).get('weight')?.data).toEqual(Float32Array.of(-1, -2));
    compiled.dispose();
  });
});
