import type * as tf from '@tensorflow/tfjs';
import { type Backend, type Outputs, type ProgramTensors } from '../../main/engine/compute/program.ts';
import { floatTensor, type FloatTensorMap, type TensorMap } from '../../shared/tensor.ts';
import { type FixtureSet } from './fixtureSet.ts';

/** A computation by name of its results; it must not depend on the numbers that it is given. */
export type Computation = (inputs: ProgramTensors, weights: ProgramTensors) => ReadonlyMap<string, tf.Tensor>;

export interface Evaluation {
  run(inputs: TensorMap): Promise<Outputs>;
  dispose(): void;
}

/** Makes a computation a program of its own on `backend`, with fixed weights as its state. */
export function compileOn(backend: Backend, name: string, compute: Computation, weights: FloatTensorMap): Evaluation {
  const compiled = backend.compile({
    name,
    state: [...weights.keys()],
    run: (state, batch) => ({ state, outputs: compute(batch, state) }),
  });
  compiled.load(new Map(weights));
  return { run: (inputs) => compiled.step(inputs, {}), dispose: () => compiled.dispose() };
}

/** Computes once on `backend`. */
export async function evaluateOn(
  backend: Backend,
  name: string,
  compute: Computation,
  inputs: TensorMap,
  weights: FloatTensorMap = new Map(),
): Promise<Outputs> {
  const evaluation = compileOn(backend, name, compute, weights);
  try {
    return await evaluation.run(inputs);
  } finally {
    evaluation.dispose();
  }
}

/** Recorded tensors as a program is fed them: those of `names` that the file has, under `named` of their names. */
export function recordedInputs(
  set: FixtureSet,
  file: string,
  names: readonly string[],
  named: (name: string) => string = (name) => name,
): TensorMap {
  const inputs: TensorMap = new Map();
  for (const name of names) {
    const tensor = set.tensors(file).get(named(name));
    if (tensor === undefined) continue;
    const { data, shape } = tensor;
    inputs.set(name, data instanceof Float64Array ? floatTensor(shape, Float32Array.from(data)) : tensor);
  }
  return inputs;
}
