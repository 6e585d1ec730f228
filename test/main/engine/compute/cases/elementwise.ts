import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { fusedAdam } from '../../../../../main/engine/compute/wasmKernels.ts';
import { at, type CaseInput, type KernelCase, type KernelFamily } from './kernelCase.ts';
import { broadcastingShapes, shapes } from './shapes.ts';

type Range = readonly [number, number];

function floats(shape: readonly number[], range: Range = [-2, 2]): CaseInput {
  return { shape, dtype: 'float32', range };
}

function unary(
  kernel: string,
  apply: (x: tf.Tensor) => tf.Tensor,
  { range = [-2, 2], differentiable = true }: { range?: Range; differentiable?: boolean } = {},
): KernelFamily {
  const cases = shapes().map((shape): KernelCase => ({
    name: `${kernel} of [${shape.join()}]`,
    inputs: [floats(shape, range)],
    run: (inputs) => [apply(at(inputs, 0))],
    differentiable,
  }));
  return { kernel, cases };
}

interface BinaryOptions {
  differentiable?: boolean;
  range?: Range;
  second?: Range;
  /** Without it both shapes are equal: TF.js gets some gradients right for these only. */
  broadcast?: boolean;
}

function binary(kernel: string, apply: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor, options: BinaryOptions = {}) {
  const { differentiable = true, range = [-2, 2], second = range, broadcast = true } = options;
  const both = broadcast ? broadcastingShapes(2) : shapes().map((shape) => [shape, shape]);
  const cases = both.map(([a = [], b = []]): KernelCase => ({
    name: `${kernel} of [${a.join()}] and [${b.join()}]`,
    inputs: [floats(a, range), floats(b, second)],
    run: (inputs) => [apply(at(inputs, 0), at(inputs, 1))],
    differentiable,
  }));
  return { kernel, cases };
}

const asFloat = (x: tf.Tensor) => tf.cast(x, 'float32');
const isPositive = (x: tf.Tensor) => tf.greater(x, 0);

/** Comparisons of whole numbers, of which some are equal. */
function comparison(kernel: string, compare: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): KernelFamily {
  const whole = (x: tf.Tensor) => asFloat(tf.cast(x, 'int32'));
  return binary(kernel, (a, b) => asFloat(compare(whole(a), whole(b))), { differentiable: false });
}

const choices = (shape: readonly number[]): CaseInput => ({ shape, dtype: 'int32', range: [0, 2] });
const choose = (inputs: tf.Tensor[]) => [tf.where(isPositive(at(inputs, 0)), at(inputs, 1), at(inputs, 2))];

const select: KernelFamily = {
  kernel: 'Select',
  cases: broadcastingShapes(3).map(([condition = [], a = [], b = []]): KernelCase => ({
    name: `Select by [${condition.join()}] of [${a.join()}] and [${b.join()}]`,
    inputs: [choices(condition), floats(a), floats(b)],
    run: choose,
    // TF.js gives the gradient of a value that was broadcast the wrong shape.
    differentiable: false,
  })),
};

const selectOfOneShape: KernelFamily = {
  kernel: 'Select',
  cases: shapes().map((shape): KernelCase => ({
    name: `Select of [${shape.join()}]`,
    inputs: [choices(shape), floats(shape), floats(shape)],
    run: choose,
    differentiable: true,
  })),
};

const adam: KernelFamily = {
  kernel: 'DecantAdam',
  cases: shapes(3).map((shape): KernelCase => ({
    name: `Adam of [${shape.join()}]`,
    inputs: [
      ...[floats(shape), floats(shape), floats(shape, [0.01, 1]), floats(shape)],
      ...[floats([], [0.1, 1]), floats([], [1e-4, 1e-2]), floats([], [1, 2])],
    ],
    run: (inputs) => {
      const [parameter, expAvg, expAvgSq, gradient] = [0, 1, 2, 3].map((index) => at(inputs, index));
      if (!parameter || !expAvg || !expAvgSq || !gradient) throw new RangeError('Adam takes four arrays');
      const scalars = { factor: at(inputs, 4), stepSize: at(inputs, 5), inverseCorrection: at(inputs, 6) };
      const attributes = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
      return fusedAdam({ parameter, expAvg, expAvgSq, gradient, ...scalars }, attributes);
    },
    differentiable: false,
  })),
};

/** No backend of TF.js has it: it is noted down for compiled programs. */
const movingAverage: KernelFamily = {
  kernel: 'DecantMovingAverage',
  cases: shapes(3).map((shape): KernelCase => ({
    name: `moving average of [${shape.join()}]`,
    inputs: [floats(shape), floats(shape), floats([], [0, 1])],
    run: (inputs) => {
      const [target, online, tau] = [0, 1, 2].map((index) => at(inputs, index));
      if (!target || !online || !tau) throw new RangeError('a moving average takes three tensors');
      return [tf.engine().runKernel<tf.Tensor>('DecantMovingAverage', { target, online, tau })];
    },
    reference: (inputs) => {
      const distance = tf.sub(at(inputs, 1), at(inputs, 0));
      return [tf.add(at(inputs, 0), tf.mul(at(inputs, 2), distance))];
    },
    differentiable: false,
  })),
};

const sums: KernelFamily = {
  kernel: 'AddN',
  cases: fc.tuple(shapes(3), fc.integer({ min: 1, max: 4 })).map(([shape, count]): KernelCase => ({
    name: `AddN of ${count} [${shape.join()}]`,
    inputs: Array.from({ length: count }, () => floats(shape)),
    run: (inputs) => [tf.addN(inputs)],
    differentiable: true,
  })),
};

/** Kernels whose results depend on the same entries of their inputs. */
export const elementwiseFamilies: readonly KernelFamily[] = [
  unary('Neg', (x) => tf.neg(x)),
  unary('Abs', (x) => tf.abs(x)),
  unary('Sign', (x) => tf.sign(x)),
  unary('Exp', (x) => tf.exp(x)),
  unary('Log', (x) => tf.log(x), { range: [0.1, 3] }),
  unary('Sqrt', (x) => tf.sqrt(x), { range: [0.1, 3] }),
  // Its gradient in TF.js is a power, which nothing here needs.
  unary('Rsqrt', (x) => tf.rsqrt(x), { range: [0.1, 3], differentiable: false }),
  unary('Square', (x) => tf.square(x)),
  unary('Reciprocal', (x) => tf.reciprocal(x), { range: [0.3, 3] }),
  unary('Tanh', (x) => tf.tanh(x)),
  unary('Sigmoid', (x) => tf.sigmoid(x)),
  unary('Relu', (x) => tf.relu(x)),
  unary('Identity', (x) => tf.clone(x)),
  unary('Step', (x) => tf.step(x, 0.25)),
  unary('ClipByValue', (x) => tf.clipByValue(x, -0.5, 1.25)),
  unary('Cast', (x) => asFloat(tf.cast(tf.mul(x, 3), 'int32'))),
  unary('ZerosLike', (x) => tf.add(x, tf.zerosLike(x))),
  unary('OnesLike', (x) => tf.mul(x, tf.onesLike(x))),
  unary('IsNan', (x) => asFloat(tf.isNaN(tf.log(x)))),
  unary('LogicalNot', (x) => asFloat(tf.logicalNot(isPositive(x))), { differentiable: false }),
  binary('Add', (a, b) => tf.add(a, b)),
  binary('Sub', (a, b) => tf.sub(a, b)),
  binary('Multiply', (a, b) => tf.mul(a, b)),
  binary('RealDiv', (a, b) => tf.div(a, b), { second: [0.5, 2] }),
  binary('Maximum', (a, b) => tf.maximum(a, b), { differentiable: false }),
  binary('Maximum', (a, b) => tf.maximum(a, b), { broadcast: false }),
  binary('Minimum', (a, b) => tf.minimum(a, b), { differentiable: false }),
  binary('Minimum', (a, b) => tf.minimum(a, b), { broadcast: false }),
  binary('SquaredDifference', (a, b) => tf.squaredDifference(a, b), { differentiable: false }),
  binary('SquaredDifference', (a, b) => tf.squaredDifference(a, b), { broadcast: false }),
  comparison('Greater', (a, b) => tf.greater(a, b)),
  comparison('GreaterEqual', (a, b) => tf.greaterEqual(a, b)),
  comparison('Less', (a, b) => tf.less(a, b)),
  comparison('LessEqual', (a, b) => tf.lessEqual(a, b)),
  comparison('Equal', (a, b) => tf.equal(a, b)),
  comparison('NotEqual', (a, b) => tf.notEqual(a, b)),
  binary('LogicalAnd', (a, b) => asFloat(tf.logicalAnd(isPositive(a), isPositive(b))), { differentiable: false }),
  binary('LogicalOr', (a, b) => asFloat(tf.logicalOr(isPositive(a), isPositive(b))), { differentiable: false }),
  select,
  selectOfOneShape,
  sums,
  adam,
  movingAverage,
];
