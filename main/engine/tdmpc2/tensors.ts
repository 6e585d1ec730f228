import * as tf from '@tensorflow/tfjs';

/** State, inputs and outputs of programs, by name. */
export type NamedTensors = ReadonlyMap<string, tf.Tensor>;

/** Errors: RangeError where the program was not given it. */
export function requireTensor(tensors: NamedTensors, name: string): tf.Tensor {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw new RangeError(`the program was given no ${name}`);
  return tensor;
}

/** The sum of at least one tensor, from the first on. */
export function addAll(tensors: readonly tf.Tensor[]): tf.Tensor {
  const [first, ...rest] = tensors;
  if (first === undefined) throw new RangeError('a sum needs a term');
  return rest.reduce((sum, tensor) => tf.add(sum, tensor), first);
}

/** Entry `step` of the first axis of a time-major tensor. */
export function stepOf(tensor: tf.Tensor, step: number): tf.Tensor {
  const rest = tensor.shape.slice(1);
  return tf.reshape(tf.slice(tensor, [step, ...rest.map(() => 0)], [1, ...rest]), rest);
}

/** The first axes flattened: [..., n] to [rows, n]. */
export function asRows(tensor: tf.Tensor): tf.Tensor {
  return tf.reshape(tensor, [-1, tensor.shape.at(-1) ?? 1]);
}

/** What a mean over the rows of a time-major batch weights them by, step t by rho^t: [steps * batch, 1]. */
export function rhoWeights(rho: number, steps: number, batch: number): tf.Tensor {
  const rows = steps * batch;
  const weights = Float32Array.from({ length: rows }, (_, row) => rho ** Math.floor(row / batch) / rows);
  return tf.tensor2d(weights, [rows, 1]);
}
