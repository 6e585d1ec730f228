import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { startBackend } from '../../../../../main/engine/compute/backend.ts';
import { type Backend, type Program, type ProgramTensors } from '../../../../../main/engine/compute/program.ts';
import { fusedAdam } from '../../../../../main/engine/compute/wasmKernels.ts';
import { requireTensor } from '../../../../../main/engine/tdmpc2/tensors.ts';
import { floatTensor, type TensorMap } from '../../../../../shared/tensor.ts';

/** Both backends, the eager one first: it is the one that TF.js is left with. */
export async function startBoth(): Promise<{ eager: Backend; onnx: Backend }> {
  const eager = await startBackend('wasm');
  return { eager, onnx: await startBackend('onnx', { threads: 1 }) };
}

export type Named = Record<string, tf.Tensor>;
export type Run = (
  state: (name: string) => tf.Tensor,
  batch: (name: string) => tf.Tensor,
) => { state: Named; outputs: Named };

/** A program without scalars. */
export function programOf(state: readonly string[], run: Run): Program {
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

export const rows = 3;
export const columns = 4;

/** A [3, 4] tensor whose numbers depend on the seed. */
export function matrix(seed: number, shape: readonly number[] = [rows, columns]) {
  const count = shape.reduce((product, size) => product * size, 1);
  return floatTensor(
    shape,
    Float32Array.from({ length: count }, (_, index) => Math.fround(Math.sin(seed * 37 + index))),
  );
}

/** Outputs and state of each of some steps, as plain arrays. */
export async function history(backend: Backend, program: Program, state: TensorMap, batches: readonly TensorMap[]) {
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

export type Steps = Awaited<ReturnType<typeof history>>;

/** Every number of every step is the wanted one, but for rounding. */
export function expectClose(found: Steps, wanted: Steps): void {
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

export const adamNames = ['weight', 'average', 'square', 'other'];

/** Tensors of these names, all [3, 4]. */
export function adamState(): TensorMap {
  return new Map([
    ['weight', matrix(1)],
    ['average', floatTensor([rows, columns])],
    ['square', floatTensor([rows, columns])],
    ['other', matrix(2)],
  ]);
}

/** One Adam step of `weight` by a gradient. */
export function adamOf(state: (name: string) => tf.Tensor, gradient: tf.Tensor): Named {
  const [weight, average, square] = fusedAdamOn({
    parameter: state('weight'),
    expAvg: state('average'),
    expAvgSq: state('square'),
    gradient,
  });
  return { weight, average, square };
}

export function fusedAdamOn(tensors: {
  parameter: tf.Tensor;
  expAvg: tf.Tensor;
  expAvgSq: tf.Tensor;
  gradient: tf.Tensor;
}) {
  const scalars = { factor: tf.scalar(0.9), stepSize: tf.scalar(0.1), inverseCorrection: tf.scalar(1.5) };
  return fusedAdam({ ...tensors, ...scalars }, { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 });
}

export interface StateCase {
  state: () => TensorMap;
  names: readonly string[];
  run: Run;
}

/** Three steps of each of these programs end as the eager ones. */
export function describeStates(topic: string, cases: Record<string, StateCase>): void {
  describe(topic, () => {
    test.each(Object.entries(cases))('%s', async (_, { state, names, run }) => {
      const { eager, onnx } = await startBoth();
      const program = programOf(names, run);
      const batches = [1, 2, 3].map((step): TensorMap => new Map([['x', matrix(10 * step)]]));
      expectClose(await history(onnx, program, state(), batches), await history(eager, program, state(), batches));
    });
  });
}
