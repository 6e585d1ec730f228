import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { select } from '../../../../../main/engine/compute/wasmKernels.ts';
import { elementCount } from '../../../../../shared/tensor.ts';
import { at, type KernelCase, type KernelFamily } from './kernelCase.ts';
import { axisOf, broadcastingShapes, shapes } from './shapes.ts';

const range = [-2, 2] as const;

/** Cases of one float32 input, with something drawn for its shape. */
function arranging<Drawn>(
  kernel: string,
  draw: (shape: number[]) => fc.Arbitrary<Drawn>,
  run: (x: tf.Tensor, drawn: Drawn) => tf.Tensor[],
  {
    rank = 4,
    differentiable = () => true,
  }: { rank?: number; differentiable?: (shape: number[], drawn: Drawn) => boolean } = {},
): KernelFamily {
  const cases = shapes(rank).chain((shape) =>
    draw(shape).map((drawn): KernelCase => ({
      name: `${kernel} of [${shape.join()}] by ${JSON.stringify(drawn)}`,
      inputs: [{ shape, dtype: 'float32', range }],
      run: (inputs) => run(at(inputs, 0), drawn),
      differentiable: differentiable(shape, drawn),
    })),
  );
  return { kernel, cases };
}

/** Several inputs that differ along one axis, or nowhere. */
function joining(kernel: string, same: boolean, run: (inputs: tf.Tensor[], axis: number) => tf.Tensor): KernelFamily {
  const cases = shapes(3).chain((shape) =>
    fc
      .tuple(axisOf(shape), fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }))
      .map(([{ axis, named }, lengths]): KernelCase => {
        const all = lengths.map((length) => shape.map((size, other) => (other === axis && !same ? length : size)));
        return {
          name: `${kernel} of ${all.map((one) => `[${one.join()}]`).join(' and ')} along ${named}`,
          inputs: all.map((one) => ({ shape: one, dtype: 'float32', range })),
          run: (inputs) => [run(inputs, named)],
          differentiable: true,
        };
      }),
  );
  return { kernel, cases };
}

const reversed = (shape: readonly number[]) => [...shape].reverse();

/** A part of each axis: where it starts, how long it is. */
function partOf(shape: readonly number[]): fc.Arbitrary<{ begin: number[]; size: number[] }> {
  return fc.tuple(...shape.map((size) => fc.tuple(fc.nat(size - 1), fc.nat(size - 1)))).map((drawn) => ({
    begin: drawn.map(([a, b]) => Math.min(a, b)),
    size: drawn.map(([a, b]) => Math.abs(a - b) + 1),
  }));
}

/** TF.js loses the list around the gradient of an only part. */
const severalParts = { differentiable: (shape: number[], { axis }: { axis: number }) => shape[axis] !== 1 };

const splitInTwo = arranging(
  'SplitV',
  axisOf,
  (x, { axis }) => {
    const size = x.shape[axis] ?? 1;
    return size === 1 ? tf.split(x, 1, axis) : tf.split(x, [1, size - 1], axis);
  },
  severalParts,
);

/** TF.js itself broadcasts by its tile kernel, but derives gradients for this one. */
const broadcast: KernelFamily = {
  kernel: 'BroadcastTo',
  cases: broadcastingShapes(1).chain(([from = []]) =>
    shapes(2, 0).map((front): KernelCase => {
      const shape = [...front, ...from.map((size) => (size === 1 ? 3 : size))];
      return {
        name: `BroadcastTo of [${from.join()}] to [${shape.join()}]`,
        inputs: [{ shape: from, dtype: 'float32', range }],
        run: (inputs) => {
          const attributes = { shape, inputShape: from };
          return [tf.engine().runKernel<tf.Tensor>('BroadcastTo', { x: at(inputs, 0) }, attributes)];
        },
        reference: (inputs) => [tf.broadcastTo(at(inputs, 0), shape)],
        // TF.js gets the gradient wrong where there are new axes.
        differentiable: front.length === 0,
      };
    }),
  ),
};

/** Kernels that move entries about. */
export const arrangingFamilies: readonly KernelFamily[] = [
  arranging('Reshape', fc.constant, (x, shape) => [tf.reshape(x, reversed(shape)), tf.reshape(x, [-1])]),
  arranging('ExpandDims', axisOf, (x, { named }) => [tf.expandDims(x, named)], { rank: 3 }),
  arranging(
    'Transpose',
    (shape) =>
      fc.shuffledSubarray(
        shape.map((_, axis) => axis),
        { minLength: shape.length },
      ),
    (x, permutation) => [tf.transpose(x, permutation)],
  ),
  broadcast,
  arranging('Slice', partOf, (x, { begin, size }) => [tf.slice(x, begin, size)]),
  arranging('Slice', axisOf, (x) => [tf.slice(x, 0, 1)], { rank: 1 }),
  arranging(
    'PadV2',
    (shape) => fc.tuple(...shape.map(() => fc.tuple(fc.nat(2), fc.nat(2)))),
    (x, paddings) => [
      tf.pad(
        x,
        paddings.map(([before, after]): [number, number] => [before, after]),
      ),
    ],
  ),
  arranging(
    'Tile',
    (shape) => fc.tuple(...shape.map(() => fc.integer({ min: 1, max: 3 }))),
    (x, repetitions) => [tf.tile(x, [...repetitions])],
    { rank: 3 },
  ),
  arranging('Unpack', axisOf, (x, { named }) => tf.unstack(x, named), severalParts),
  arranging('SplitV', axisOf, (x, { named, axis }) => tf.split(x, x.shape[axis] ?? 1, named), severalParts),
  splitInTwo,
  joining('Concat', false, (inputs, axis) => tf.concat(inputs, axis)),
  joining('Pack', true, (inputs, axis) => tf.stack(inputs, axis)),
];

function lookUp(kernel: string, run: (x: tf.Tensor, indices: tf.Tensor) => tf.Tensor): KernelFamily {
  const cases = fc.tuple(shapes(3), fc.integer({ min: 1, max: 5 })).map(([shape, count]): KernelCase => ({
    name: `${kernel}: ${count} of [${shape.join()}]`,
    inputs: [
      { shape, dtype: 'float32', range },
      { shape: [count], dtype: 'int32', range: [0, shape[0] ?? 1] },
    ],
    run: (inputs) => [run(at(inputs, 0), at(inputs, 1))],
    differentiable: false,
  }));
  return { kernel, cases };
}

/** Kernels that make values, and those that take indices. */
export const valueFamilies: readonly KernelFamily[] = [
  arranging('Fill', fc.constant, (x, shape) => [tf.mul(x, tf.fill(shape, 1.5))]),
  arranging(
    'Range',
    () => fc.integer({ min: 1, max: 3 }),
    (x, step) => {
      const count = elementCount(x.shape);
      return [tf.add(tf.reshape(x, [-1]), tf.range(1, 1 + count * step, step))];
    },
  ),
  lookUp('OneHot', (_, indices) => tf.oneHot(tf.cast(indices, 'int32'), 3)),
  lookUp('OneHot', (_, indices) => tf.cast(tf.oneHot(indices, 4), 'float32')),
  lookUp('DecantSelect', (x, indices) => select(x, indices)),
];
