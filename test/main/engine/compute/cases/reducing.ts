import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { at, type KernelCase, type KernelFamily } from './kernelCase.ts';
import { axesOf, axisOf, shapes } from './shapes.ts';

const range = [-2, 2] as const;

function reduction(
  kernel: string,
  reduce: (x: tf.Tensor, axes: number[] | undefined, keepDims: boolean) => tf.Tensor,
): KernelFamily {
  const cases = shapes().chain((shape) =>
    fc.tuple(fc.option(axesOf(shape), { nil: undefined }), fc.boolean()).map(([axes, keepDims]): KernelCase => ({
      name: `${kernel} of [${shape.join()}] over ${axes?.join() ?? 'all'}${keepDims ? ', kept' : ''}`,
      inputs: [{ shape, dtype: 'float32', range }],
      run: (inputs) => [reduce(at(inputs, 0), axes && [...axes], keepDims)],
      differentiable: true,
    })),
  );
  return { kernel, cases };
}

function alongLast(
  kernel: string,
  apply: (x: tf.Tensor) => tf.Tensor,
  reference?: (x: tf.Tensor) => tf.Tensor,
): KernelFamily {
  const cases = shapes(3).map((shape): KernelCase => ({
    name: `${kernel} of [${shape.join()}]`,
    inputs: [{ shape, dtype: 'float32', range }],
    run: (inputs) => [apply(at(inputs, 0))],
    ...(reference && { reference: (inputs) => [reference(at(inputs, 0))] }),
    differentiable: true,
  }));
  return { kernel, cases };
}

const topK: KernelFamily = {
  kernel: 'TopK',
  cases: shapes(3).chain((shape) =>
    fc.integer({ min: 1, max: shape.at(-1) ?? 1 }).map((k): KernelCase => ({
      name: `the ${k} greatest of [${shape.join()}]`,
      inputs: [{ shape, dtype: 'float32', range }],
      run: (inputs) => {
        const { values, indices } = tf.topk(at(inputs, 0), k, true);
        return [values, tf.cast(indices, 'float32')];
      },
      differentiable: false,
    })),
  ),
};

const product: KernelFamily = {
  kernel: 'BatchMatMul',
  cases: fc
    .tuple(
      fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
      fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })),
      fc.boolean(),
      fc.boolean(),
    )
    .map(([batch, [rows, inner, columns], transposeA, transposeB]): KernelCase => {
      const a = [...batch, ...(transposeA ? [inner, rows] : [rows, inner])];
      const b = [...batch, ...(transposeB ? [columns, inner] : [inner, columns])];
      return {
        name: `the product of [${a.join()}]${transposeA ? "'" : ''} and [${b.join()}]${transposeB ? "'" : ''}`,
        inputs: [a, b].map((shape) => ({ shape, dtype: 'float32' as const, range })),
        run: (inputs) => [tf.matMul(at(inputs, 0), at(inputs, 1), transposeA, transposeB)],
        differentiable: true,
      };
    }),
};

const gather: KernelFamily = {
  kernel: 'GatherV2',
  cases: shapes(3).chain((shape) =>
    fc.tuple(axisOf(shape), shapes(2)).map(([{ axis, named }, indices]): KernelCase => ({
      name: `[${indices.join()}] entries of [${shape.join()}] along ${named}`,
      inputs: [
        { shape, dtype: 'float32', range },
        { shape: indices, dtype: 'int32', range: [0, shape[axis] ?? 1] },
      ],
      run: (inputs) => [tf.gather(at(inputs, 0), tf.cast(at(inputs, 1), 'int32'), axis)],
      differentiable: false,
    })),
  ),
};

/** Kernels that combine entries along axes. */
export const reducingFamilies: readonly KernelFamily[] = [
  reduction('Sum', (x, axes, keepDims) => tf.sum(x, axes, keepDims)),
  reduction('Mean', (x, axes, keepDims) => tf.mean(x, axes, keepDims)),
  reduction('Max', (x, axes, keepDims) => tf.max(x, axes, keepDims)),
  reduction('Min', (x, axes, keepDims) => tf.min(x, axes, keepDims)),
  alongLast('Softmax', (x) => tf.softmax(x)),
  alongLast(
    'LogSoftmax',
    (x) => tf.engine().runKernel<tf.Tensor>('LogSoftmax', { logits: x }, { axis: x.shape.length - 1 }),
    (x) => tf.logSoftmax(x),
  ),
  topK,
  product,
  gather,
];
