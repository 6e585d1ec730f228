import type * as tf from '@tensorflow/tfjs';
import type fc from 'fast-check';

export interface CaseInput {
  shape: readonly number[];
  dtype: 'float32' | 'int32';
  /** Values lie from the first number up to, not including, the second. */
  range: readonly [number, number];
}

/** A function of tensors that goes through a TF.js kernel. */
export interface KernelCase {
  name: string;
  inputs: readonly CaseInput[];
  run: (inputs: tf.Tensor[]) => tf.Tensor[];
  /** The same by other kernels, where eager backends lack the kernel. */
  reference?: (inputs: tf.Tensor[]) => tf.Tensor[];
  /** Whether TF.js can derive a gradient of the float32 inputs that is recordable. */
  differentiable: boolean;
}

/** Cases of one kernel, of random shapes and attributes. */
export interface KernelFamily {
  kernel: string;
  cases: fc.Arbitrary<KernelCase>;
}

/** The tensor at a place. */
export function at(inputs: readonly tf.Tensor[], index: number): tf.Tensor {
  const tensor = inputs[index];
  if (tensor === undefined) throw new RangeError(`there is no input ${index}`);
  return tensor;
}
