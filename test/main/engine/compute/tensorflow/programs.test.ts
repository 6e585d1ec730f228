import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../../../../main/engine/compute/backend.ts';
import { type Backend, type Program } from '../../../../../main/engine/compute/program.ts';
import { tensorflowBackend } from '../../../../../main/engine/compute/tensorflow/backend.ts';
import { loadTensorflow } from '../../../../../main/engine/compute/tensorflow/load.ts';
import { shapesKept } from '../../../../../main/engine/compute/recent.ts';
import { type AgentState } from '../../../../../main/engine/tdmpc2/agentState.ts';
import { createAgent } from '../../../../../main/engine/tdmpc2/agent.ts';
import { requireTensor } from '../../../../../main/engine/tdmpc2/tensors.ts';
import { floatTensor, type Tensor, type TensorMap } from '../../../../../shared/tensor.ts';
import { tinyBatch, tinyOptions, tinyRandomness, tinyState } from '../../tdmpc2/tiny.ts';
import { isTensorflowHere } from './support.ts';

/** Swaps two states, leaves one, adds the batch's sum to one. */
const shuffle: Program = {
  name: 'shuffle',
  state: ['left', 'right', 'still', 'sum'],
  run: (state, batch, scalars) => {
    const next = tf.add(
      requireTensor(state, 'sum'),
      tf.mul(tf.sum(requireTensor(batch, 'x')), requireTensor(scalars, 'rate')),
    );
    return {
      state: new Map([
        ['left', requireTensor(state, 'right')],
        ['right', requireTensor(state, 'left')],
        ['still', requireTensor(state, 'still')],
        ['sum', next],
      ]),
      outputs: new Map([
        ['before', requireTensor(state, 'sum')],
        ['mask', tf.sum(requireTensor(batch, 'mask'))],
      ]),
    };
  },
};

function shuffleState(): TensorMap {
  return new Map([
    ['still', floatTensor([], Float32Array.of(5))],
    ['left', floatTensor([2], Float32Array.of(1, 2))],
    ['right', floatTensor([2], Float32Array.of(3, 4))],
    ['sum', floatTensor([], Float32Array.of(0))],
  ]);
}

function shuffleBatch(size: number): TensorMap {
  return new Map<string, Tensor>([
    ['x', floatTensor([size], new Float32Array(size).fill(1))],
    ['mask', { dtype: 'uint8', shape: [size], data: new Uint8Array(size).fill(1) }],
  ]);
}

/** Compiling an update takes ten seconds of a processor that may have other work. */
const compiling = 300_000;

function numbersOf(state: TensorMap): Record<string, number[]> {
  return Object.fromEntries([...state].map(([name, { data }]) => [name, Array.from(data, Number)]));
}

describe.skipIf(!isTensorflowHere())('programs in TensorFlow', { timeout: compiling }, () => {
  let eager: Backend;
  let tensorflow: Backend;
  /** Without XLA, which takes long to compile an update. */
  let plain: Backend;
  beforeAll(async () => {
    eager = await startBackend('wasm');
    tensorflow = await tensorflowBackend({ threads: 1 });
    plain = await tensorflowBackend({ threads: 1, plain: true });
  });

  test('keep their state between steps and between shapes of batches', async () => {
    const compiled = tensorflow.compile(shuffle);
    const given = shuffleState();
    compiled.load(given);
    expect(numbersOf(await compiled.read())).toEqual({ still: [5], left: [1, 2], right: [3, 4], sum: [0] });
    await compiled.step(shuffleBatch(3), { rate: 2 });
    const outputs = await compiled.step(shuffleBatch(4), { rate: 1 });
    expect([...(outputs.get('before') ?? []), ...(outputs.get('mask') ?? [])]).toEqual([6, 4]);
    await compiled.step(shuffleBatch(3), { rate: 1 });
    expect(numbersOf(await compiled.read())).toEqual({ still: [5], left: [3, 4], right: [1, 2], sum: [13] });
    expect([...(await compiled.read()).keys()]).toEqual([...shuffle.state]);
    // What was loaded is its owner's: no step writes there, and later changes there change nothing here.
    expect(numbersOf(given)).toEqual(numbersOf(shuffleState()));
    given.get('sum')?.data.fill(0 as never);
    compiled.load(shuffleState());
    expect([...((await compiled.step(shuffleBatch(3), { rate: 1 })).get('before') ?? [])]).toEqual([0]);
    compiled.dispose();
  });

  test('stay compiled for the few shapes used last, and lose nothing of their state', async () => {
    const before = loadTensorflow().getNumOfSavedModels();
    const compiled = plain.compile(shuffle);
    compiled.load(shuffleState());
    const sizes = [...Array.from({ length: shapesKept + 2 }, (_, index) => index + 1), 1, 2];
    let sum = 0;
    for (const size of sizes) {
      const outputs = await compiled.step(shuffleBatch(size), { rate: 1 });
      expect(outputs.get('before')?.[0]).toBe(sum);
      sum += size;
      expect(loadTensorflow().getNumOfSavedModels() - before).toBeLessThanOrEqual(shapesKept);
    }
    expect(numbersOf(await compiled.read())['sum']).toEqual([sum]);
    compiled.dispose();
    expect(loadTensorflow().getNumOfSavedModels()).toBe(before);
  });

  test('refuse what is missing', async () => {
    const compiled = tensorflow.compile(shuffle);
    expect(() => compiled.load(new Map([...shuffleState()].slice(1)))).toThrow('still');
    await expect(compiled.step(shuffleBatch(1), { rate: 1 })).rejects.toThrow('load');
    compiled.load(shuffleState());
    await compiled.step(shuffleBatch(1), { rate: 1 });
    await expect(compiled.step(new Map(), { rate: 1 })).rejects.toThrow();
    compiled.dispose();
  });

  async function runSteps(backend: Backend, state: AgentState, from: number, to: number): Promise<AgentState> {
    const agent = createAgent(tinyOptions(backend));
    agent.load(state);
    for (let step = from; step < to; step++) await agent.update(tinyBatch(step), tinyRandomness(step));
    const after = await agent.read();
    agent.dispose();
    return after;
  }

  /** Adam turns noise of tiny gradients into steps: the bound is that of weights after a few updates. */
  function expectClose(found: AgentState, wanted: AgentState): void {
    for (const part of ['parameters', 'moments'] as const)
      for (const [name, { data }] of wanted[part]) {
        const other = found[part].get(name)?.data;
        const bound = 2e-5 + 1e-3 * Math.max(...data.map(Math.abs));
        const error = Math.max(...data.map((value, index) => Math.abs(value - (other?.[index] ?? Number.NaN))));
        expect(error, name).toBeLessThanOrEqual(bound);
      }
  }

  test('an update computes what eager TF.js does', async () => {
    expectClose(await runSteps(plain, tinyState(), 0, 3), await runSteps(eager, tinyState(), 0, 3));
  });

  test('compiled by XLA as well, and bit for bit the same when it is loaded again', async () => {
    const agent = createAgent(tinyOptions(tensorflow));
    const results: AgentState[] = [];
    for (let time = 0; time < 2; time++) {
      agent.load(tinyState());
      for (let step = 0; step < 3; step++) await agent.update(tinyBatch(step), tinyRandomness(step));
      results.push(await agent.read());
    }
    agent.dispose();
    const [first, second] = results;
    if (first === undefined) throw new Error('nothing was read');
    expect(second).toEqual(first);
    expectClose(first, await runSteps(eager, tinyState(), 0, 3));
  });

  test('an update is bit-identical twice, and after a resume', async () => {
    const whole = await runSteps(plain, tinyState(), 0, 4);
    expect(await runSteps(plain, tinyState(), 0, 4)).toEqual(whole);
    const half = await runSteps(plain, tinyState(), 0, 2);
    expect(await runSteps(plain, half, 2, 4)).toEqual(whole);
  });

  test('one process keeps the number of threads that TensorFlow started with', async () => {
    await expect(tensorflowBackend({ threads: 3 })).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' });
    expect(loadTensorflow().TF_Version).toMatch(/^2\./);
  });
});
