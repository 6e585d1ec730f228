import * as tf from '@tensorflow/tfjs';
import { type Program } from '../../../../main/engine/compute/program.ts';
import { elementCount, type Tensor, type TensorMap } from '../../../../shared/tensor.ts';
import { elementwiseFamilies } from './cases/elementwise.ts';
import { arrangingFamilies, valueFamilies } from './cases/arranging.ts';
import { type KernelCase, type KernelFamily } from './cases/kernelCase.ts';
import { reducingFamilies } from './cases/reducing.ts';

export { type CaseInput, type KernelCase, type KernelFamily } from './cases/kernelCase.ts';

export const kernelFamilies: readonly KernelFamily[] = [
  ...elementwiseFamilies,
  ...reducingFamilies,
  ...arrangingFamilies,
  ...valueFamilies,
];

/** Random values for the inputs of a case, as a batch of `caseProgram`. */
export function caseBatch({ inputs }: KernelCase, seed: number): TensorMap {
  let state = (seed * 2654435761 + 1) >>> 0;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return new Map(
    inputs.map(({ shape, dtype, range: [from, to] }, index): [string, Tensor] => {
      const numbers = Array.from({ length: elementCount(shape) }, () => from + (to - from) * random());
      if (dtype === 'float32') return [`x${index}`, { dtype, shape, data: Float32Array.from(numbers) }];
      return [`x${index}`, { dtype, shape, data: Int32Array.from(numbers, Math.floor) }];
    }),
  );
}

/** Different numbers, so that a gradient at the wrong place is seen. */
function weights(shape: readonly number[]): tf.Tensor {
  const values = Float32Array.from({ length: elementCount(shape) }, (_, index) => 1 + ((index * 7) % 5) / 4);
  return tf.tensor(values, [...shape], 'float32');
}

/** A sum of products with all results of a case: what is differentiated. */
function weightedSum(results: readonly tf.Tensor[]): tf.Scalar {
  const sums = results
    .filter(({ dtype }) => dtype === 'float32')
    .map((result) => tf.sum<tf.Scalar>(tf.mul(result, weights(result.shape))));
  return sums.reduce((total, sum) => tf.add(total, sum));
}

/**
 * A case as a program without state: takes `caseBatch`, returns its results "y0", ..., and the gradients "d0", ... of a sum of
 * products with them, where it can be differentiated.
 */
export function caseProgram(kernelCase: KernelCase, { reference = false } = {}): Program {
  const { name, inputs, differentiable } = kernelCase;
  const compute = reference ? (kernelCase.reference ?? kernelCase.run) : kernelCase.run;
  function run(_: ReadonlyMap<string, tf.Tensor>, batch: ReadonlyMap<string, tf.Tensor>) {
    const tensors = inputs.map((_, index) => {
      const tensor = batch.get(`x${index}`);
      if (tensor === undefined) throw new RangeError(`case ${name} needs x${index}`);
      return tensor;
    });
    const outputs = new Map(compute(tensors).map((result, index) => [`y${index}`, result]));
    const places = inputs.flatMap(({ dtype }, index) => (dtype === 'float32' && differentiable ? [index] : []));
    if (places.length === 0) return { state: new Map<string, tf.Tensor>(), outputs };
    const gradients = tf.grads((...varied: tf.Tensor[]) => {
      const all = tensors.map((tensor, index) => varied[places.indexOf(index)] ?? tensor);
      return weightedSum(compute(all));
    })(tensors.filter((_, index) => places.includes(index)));
    gradients.forEach((gradient, index) => outputs.set(`d${places[index] ?? 0}`, gradient));
    return { state: new Map<string, tf.Tensor>(), outputs };
  }
  return { name, state: [], run };
}
