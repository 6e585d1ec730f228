import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../../../../main/engine/compute/backend.ts';
import { type Backend, type Program, type ProgramTensors } from '../../../../../main/engine/compute/program.ts';
import { fusedAdam } from '../../../../../main/engine/compute/wasmKernels.ts';
import { requireTensor } from '../../../../../main/engine/tdmpc2/tensors.ts';
import { floatTensor, type Tensor, type TensorMap } from '../../../../../shared/tensor.ts';

let onnx: Backend;
let eager: Backend;
beforeAll(async () => {
  eager = await startBackend('wasm');
  onnx = await startBackend('onnx', { threads: 1 });
});

type Named = Record<string, tf.Tensor>;
type Run = (state: (name: string) => tf.Tensor, batch: (name: string) => tf.Tensor) => { state: Named; outputs: Named };

function programOf(state: readonly string[], run: Run): Program {
  const of = (tensors: ProgramTensors) => (name: string) => requireTensor(tensors, name);
  return {
    name: 'test',
    state,
    run: (before, batch) => {
      const after = run(of(before), of(batch));
      return { state: new Map(Object.entries(after.state)), outputs: new Map(Object.entries(after.outputs)) };
    },
  };
}

const rows = 3;
const columns = 4;
/** A [3, 4] tensor whose numbers depend on the seed. */
function matrix(seed: number, shape: readonly number[] = [rows, columns]) {
  const count = shape.reduce((product, size) => product * size, 1);
  return floatTensor(
    shape,
    Float32Array.from({ length: count }, (_, index) => Math.fround(Math.sin(seed * 37 + index))),
  );
}

/** Outputs and state of each of some steps, as plain arrays. */
async function history(backend: Backend, program: Program, state: TensorMap, batches: readonly TensorMap[]) {
  const compiled = backend.compile(program);
  compiled.load(state);
  const steps = [];
  for (const batch of batches) {
    const outputs = await compiled.step(batch, {});
    const after = await compiled.read();
    steps.push({
      outputs: Object.fromEntries([...outputs].map(([name, values]) => [name, Array.from(values)])),
      state: Object.fromEntries(
        [...after].map(([name, { data, shape }]) => [name, { shape, data: Array.from(data, Number) }]),
      ),
    });
  }
  compiled.dispose();
  return steps;
}

type Steps = Awaited<ReturnType<typeof history>>;

function expectClose(found: Steps, wanted: Steps): void {
  const flat = (steps: Steps) =>
    steps.flatMap(({ outputs, state }, step) => [
      ...Object.entries(outputs).map(([name, data]) => ({ name: `${step} output ${name}`, data })),
      ...Object.entries(state).map(([name, { data }]) => ({ name: `${step} state ${name}`, data })),
    ]);
  const ours = flat(found);
  const theirs = flat(wanted);
  expect(ours.map(({ name }) => name)).toEqual(theirs.map(({ name }) => name));
  ours.forEach(({ name, data }, index) => {
    const other = theirs[index]?.data ?? [];
    expect(data.length, name).toBe(other.length);
    data.forEach((value, entry) => {
      expect(Math.abs(value - (other[entry] ?? Number.NaN)), `${name}[${entry}]`).toBeLessThan(1e-6);
    });
  });
}

const adamState = (): TensorMap =>
  new Map([
    ['weight', matrix(1)],
    ['average', floatTensor([rows, columns])],
    ['square', floatTensor([rows, columns])],
    ['other', matrix(2)],
  ]);
const adamNames = ['weight', 'average', 'square', 'other'];

/** One Adam step of `weight` by a gradient. */
function adamOf(state: (name: string) => tf.Tensor, gradient: tf.Tensor): Named {
  const [weight, average, square] = fusedAdamOn({
    parameter: state('weight'),
    expAvg: state('average'),
    expAvgSq: state('square'),
    gradient,
  });
  return { weight, average, square };
}

function fusedAdamOn(tensors: { parameter: tf.Tensor; expAvg: tf.Tensor; expAvgSq: tf.Tensor; gradient: tf.Tensor }) {
  const scalars = { factor: tf.scalar(0.9), stepSize: tf.scalar(0.1), inverseCorrection: tf.scalar(1.5) };
  return fusedAdam({ ...tensors, ...scalars }, { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 });
}

const cases: Record<string, { state: () => TensorMap; names: readonly string[]; run: Run }> = {
  'a state is returned unchanged': {
    state: adamState,
    names: adamNames,
    run: (state, batch) => ({
      state: Object.fromEntries(adamNames.map((name) => [name, state(name)])),
      outputs: { sum: tf.add(state('weight'), batch('x')) },
    }),
  },
  'two states swap': {
    state: adamState,
    names: adamNames,
    run: (state, batch) => ({
      state: { weight: state('other'), other: state('weight'), average: state('average'), square: state('square') },
      outputs: { difference: tf.sub(state('weight'), tf.mul(state('other'), batch('x'))) },
    }),
  },
  'three states go round': {
    state: adamState,
    names: adamNames,
    run: (state, batch) => ({
      state: { weight: state('other'), average: state('weight'), other: state('average'), square: batch('x') },
      outputs: { old: state('square') },
    }),
  },
  'two states become the same value, a third the old one of them': {
    state: adamState,
    names: adamNames,
    run: (state, batch) => {
      const sum = tf.add(state('weight'), batch('x'));
      return { state: { weight: sum, average: sum, square: state('weight'), other: sum }, outputs: { sum } };
    },
  },
  'Adam moves a weight in place': {
    state: adamState,
    names: adamNames,
    run: (state, batch) => ({
      state: { ...adamOf(state, tf.mul(state('weight'), batch('x'))), other: state('other') },
      outputs: {},
    }),
  },
  'the weight before Adam is an output': {
    state: adamState,
    names: adamNames,
    run: (state, batch) => ({
      state: { ...adamOf(state, batch('x')), other: state('other') },
      outputs: { before: state('weight'), square: state('square') },
    }),
  },
  'part of the weight before Adam is an output': {
    state: adamState,
    names: adamNames,
    run: (state, batch) => ({
      state: { ...adamOf(state, batch('x')), other: state('other') },
      outputs: { row: tf.slice(state('weight'), [1, 0], [1, columns]), flat: tf.reshape(state('average'), [-1]) },
    }),
  },
  'the weight before Adam becomes another state': {
    state: adamState,
    names: adamNames,
    run: (state, batch) => ({ state: { ...adamOf(state, batch('x')), other: state('weight') }, outputs: {} }),
  },
  'the weight before Adam, reshaped and back, becomes another state': {
    state: adamState,
    names: adamNames,
    run: (state, batch) => ({
      state: {
        ...adamOf(state, batch('x')),
        other: tf.concat([tf.slice(state('weight'), [1, 0]), tf.slice(state('weight'), [0, 0], [1, columns])]),
      },
      outputs: { last: tf.slice(state('weight'), [2, 0], [1, columns]) },
    }),
  },
  'a model after Adam reads the weight from before': {
    state: adamState,
    names: adamNames,
    run: (state, batch) => {
      const after = adamOf(state, batch('x'));
      const step = tf.sub(requireTensor(new Map(Object.entries(after)), 'weight'), state('weight'));
      return { state: { ...after, other: tf.add(state('other'), step) }, outputs: { step: tf.exp(step) } };
    },
  },
  'a second operation beside the model reads the weight from before the first': {
    state: () => new Map([...adamState(), ['otherAverage', matrix(8)], ['otherSquare', floatTensor([rows, columns])]]),
    names: [...adamNames, 'otherAverage', 'otherSquare'],
    run: (state, batch) => {
      const first = adamOf(state, batch('x'));
      const [other, otherAverage, otherSquare] = fusedAdamOn({
        parameter: state('other'),
        expAvg: state('otherAverage'),
        expAvgSq: state('otherSquare'),
        gradient: tf.reshape(state('weight'), [rows, columns]),
      });
      return { state: { ...first, other, otherAverage, otherSquare }, outputs: {} };
    },
  },
  'Adam of a part of a state, seen as another shape': {
    state: () => new Map([...adamState(), ['other', matrix(5, [2, rows * columns])]]),
    names: adamNames,
    run: (state, batch) => {
      const gradient = tf.reshape(tf.slice(state('other'), [1, 0], [1, rows * columns]), [rows, columns]);
      return {
        state: { ...adamOf(state, tf.add(gradient, batch('x'))), other: tf.neg(state('other')) },
        outputs: { gradient },
      };
    },
  },
  'two Adam steps of one weight': {
    state: adamState,
    names: adamNames,
    run: (state, batch) => {
      const first = new Map(Object.entries(adamOf(state, batch('x'))));
      const second = adamOf((name) => requireTensor(first, name), tf.mul(batch('x'), requireTensor(first, 'weight')));
      return { state: { ...second, other: state('other') }, outputs: { first: requireTensor(first, 'weight') } };
    },
  },
  'one new state is Adam of another new state': {
    state: adamState,
    names: adamNames,
    run: (state, batch) => {
      const [weight, average, square] = fusedAdamOn({
        parameter: tf.add(state('weight'), 1),
        expAvg: state('average'),
        expAvgSq: state('square'),
        gradient: batch('x'),
      });
      return { state: { weight: average, average: weight, square, other: state('other') }, outputs: {} };
    },
  },
  'inputs and constants are outputs': {
    state: adamState,
    names: adamNames,
    run: (state, batch) => ({
      state: {
        weight: tf.zeros([rows, columns]),
        average: batch('x'),
        square: tf.fill([rows, columns], 2),
        other: tf.add(state('other'), 1),
      },
      outputs: {
        x: batch('x'),
        row: tf.slice(batch('x'), [1, 0], [1, columns]),
        column: tf.slice(batch('x'), [0, 1], [rows, 1]),
        constant: tf.tensor1d([1, 2, 3]),
        ones: tf.ones([2]),
        weight: state('weight'),
      },
    }),
  },
};

describe('a compiled program ends as the eager one where', () => {
  test.each(Object.keys(cases))('%s', async (name) => {
    const chosen = cases[name];
    if (chosen === undefined) throw new Error(`no case ${name}`);
    const program = programOf(chosen.names, chosen.run);
    const batches = [1, 2, 3].map((step): TensorMap => new Map([['x', matrix(10 * step)]]));
    const wanted = await history(eager, program, chosen.state(), batches);
    expectClose(await history(onnx, program, chosen.state(), batches), wanted);
  });
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
