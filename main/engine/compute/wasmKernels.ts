import * as tf from '@tensorflow/tfjs';
import { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { adamStep, movingAverageStep } from './parameterSteps.ts';

/** Members of the first axis as plain copies: the wasm slice copies the whole tensor first, its gather goes entry by entry. */
const selectKernel = 'DecantSelect';

/** Adam and the target average as one pass over memory instead of fourteen and three. */
const adamKernel = 'DecantAdam';
const movingAverageKernel = 'DecantMovingAverage';

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
    adamStep(
      { parameter: p, expAvg: m, expAvgSq: v },
      { parameter: newParameter, expAvg: newAvg, expAvgSq: newAvgSq },
      g,
      { factor: scalar(factor), stepSize: scalar(stepSize), inverseCorrection: scalar(inverseCorrection) },
      { beta1, beta2, epsilon },
    );
    return outputs;
  },
});

tf.registerKernel({
  kernelName: movingAverageKernel,
  backendName: 'wasm',
  kernelFunc: ({ inputs, backend }) => {
    const { target, online, tau } = inputs;
    if (!(backend instanceof BackendWasm)) throw new TypeError('this kernel is for wasm');
    if (!target || !online || !tau) throw new TypeError('a moving average lacks an input');
    const output = backend.makeOutput(target.shape, 'float32');
    // Views only after all memory is allocated: growing detaches them.
    const [from, towards, rate] = [target, online, tau].map((input) => heapOf(backend, input));
    if (!from || !towards || !rate) throw new TypeError('a moving average has three inputs');
    movingAverageStep(from, towards, rate[0] ?? Number.NaN, heapOf(backend, output));
    return output;
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

/** Whether `fusedAdam` and `fusedMovingAverage` can run on the current backend. */
export function hasFusedSteps(): boolean {
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

/** `target` moved by the scalar `tau` towards `online`. */
export function fusedMovingAverage(target: tf.Tensor, online: tf.Tensor, tau: tf.Tensor): tf.Tensor {
  return tf.engine().runKernel<tf.Tensor>(movingAverageKernel, { target, online, tau });
}
