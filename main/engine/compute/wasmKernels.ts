import * as tf from '@tensorflow/tfjs';
import { BackendWasm } from '@tensorflow/tfjs-backend-wasm';

/** Members of the first axis as plain copies: the wasm slice copies the whole tensor first, its gather goes entry by entry. */
const selectKernel = 'DecantSelect';

/**
 * Adam on wasm as one pass over memory instead of fourteen. The arithmetic is float64, rounded once to float32: nearer to the exact
 * step than the chain of float32 operations that other backends run.
 */
const adamKernel = 'DecantAdam';

export interface AdamArguments {
  parameter: tf.Tensor;
  expAvg: tf.Tensor;
  expAvgSq: tf.Tensor;
  gradient: tf.Tensor;
  /** Scalars: what the gradient is multiplied by, lr / (1 - beta1^step), 1 / sqrt(1 - beta2^step). */
  factor: tf.Tensor;
  stepSize: tf.Tensor;
  inverseCorrection: tf.Tensor;
}

function heapOf(backend: BackendWasm, info: tf.TensorInfo): Float32Array {
  const view = backend.typedArrayFromHeap(info);
  if (!(view instanceof Float32Array)) throw new TypeError('expected float32 on the wasm heap');
  return view;
}

function numberOf(value: unknown): number {
  if (typeof value !== 'number') throw new TypeError('expected a number as kernel attribute');
  return value;
}

tf.registerKernel({
  kernelName: adamKernel,
  backendName: 'wasm',
  kernelFunc: ({ inputs, backend, attrs = {} }) => {
    const { parameter, expAvg, expAvgSq, gradient, factor, stepSize, inverseCorrection } = inputs;
    if (!(backend instanceof BackendWasm)) throw new TypeError('this kernel is for wasm');
    if (!parameter || !expAvg || !expAvgSq || !gradient || !factor || !stepSize || !inverseCorrection)
      throw new TypeError('Adam lacks an input');
    const outputs = [parameter, expAvg, expAvgSq].map(({ shape }) => backend.makeOutput(shape, 'float32'));
    // Views only after all memory is allocated: growing detaches them.
    const [newParameter, newAvg, newAvgSq] = outputs.map((output) => heapOf(backend, output));
    if (!newParameter || !newAvg || !newAvgSq) throw new TypeError('Adam has three outputs');
    const [p, m, v, g] = [parameter, expAvg, expAvgSq, gradient].map((input) => heapOf(backend, input));
    if (!p || !m || !v || !g) throw new TypeError('Adam has four array inputs');
    const scalar = (info: tf.TensorInfo) => heapOf(backend, info)[0] ?? Number.NaN;
    const beta1 = numberOf(attrs['beta1']);
    const beta2 = numberOf(attrs['beta2']);
    const epsilon = numberOf(attrs['epsilon']);
    const clip = scalar(factor);
    const size = scalar(stepSize);
    const correction = scalar(inverseCorrection);
    for (let index = 0; index < newParameter.length; index++) {
      const slope = Math.fround((g[index] ?? 0) * clip);
      const average = Math.fround((m[index] ?? 0) * beta1 + slope * (1 - beta1));
      const square = Math.fround((v[index] ?? 0) * beta2 + slope * slope * (1 - beta2));
      newAvg[index] = average;
      newAvgSq[index] = square;
      newParameter[index] = (p[index] ?? 0) - (size * average) / (Math.sqrt(square) * correction + epsilon);
    }
    return outputs;
  },
});

tf.registerKernel({
  kernelName: selectKernel,
  backendName: 'wasm',
  kernelFunc: ({ inputs, backend }) => {
    const { x, indices } = inputs;
    if (!(backend instanceof BackendWasm)) throw new TypeError('this kernel is for wasm');
    if (!x || !indices) throw new TypeError('a selection lacks an input');
    const chosen = Array.from(backend.typedArrayFromHeap(indices));
    const output = backend.makeOutput([chosen.length, ...x.shape.slice(1)], 'float32');
    const from = heapOf(backend, x);
    const to = heapOf(backend, output);
    const size = from.length / (x.shape[0] ?? 1);
    chosen.forEach((index, place) => to.set(from.subarray(index * size, (index + 1) * size), place * size));
    return output;
  },
});

/** Members `indices` (int32 [n]) of the first axis of a float32 tensor, without a gradient. */
export function select(x: tf.Tensor, indices: tf.Tensor): tf.Tensor {
  if (!backendsWithKernels.has(tf.getBackend())) return tf.gather(x, indices);
  return tf.engine().runKernel<tf.Tensor>(selectKernel, { x, indices });
}

/** The TF.js backends that know the kernels above: wasm computes them, the recording one notes them down. */
const backendsWithKernels: ReadonlySet<string> = new Set(['wasm', 'trace']);

/** Whether `fusedAdam` can run on the current backend. */
export function hasFusedAdam(): boolean {
  return backendsWithKernels.has(tf.getBackend());
}

/** New parameter and moments. */
export function fusedAdam(
  inputs: AdamArguments,
  attributes: { beta1: number; beta2: number; epsilon: number },
): [tf.Tensor, tf.Tensor, tf.Tensor] {
  const outputs = tf.engine().runKernel<tf.Tensor[]>(adamKernel, { ...inputs }, attributes);
  const [parameter, expAvg, expAvgSq] = outputs;
  if (!parameter || !expAvg || !expAvgSq) throw new Error('Adam returns three tensors');
  return [parameter, expAvg, expAvgSq];
}
