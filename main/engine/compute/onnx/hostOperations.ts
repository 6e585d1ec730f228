import { type Operation } from '../graph/operations.ts';

/**
 * Operations over flat parameters that are one pass here and a dozen in the runtime. The arithmetic is float64, rounded once to
 * float32: nearer to the exact step than a chain of float32 operations.
 */
export type HostOperation = Extract<Operation, { type: 'Adam' | 'MovingAverage' }>;

export function isHostOperation(operation: Operation): operation is HostOperation {
  return operation.type === 'Adam' || operation.type === 'MovingAverage';
}

/** How many of the first inputs have an output of the same place, which may be the same memory. */
export function updatedInputs(operation: HostOperation): number {
  return operation.type === 'Adam' ? 3 : 1;
}

export interface AdamArrays {
  parameter: Float32Array;
  expAvg: Float32Array;
  expAvgSq: Float32Array;
}

/** One Adam step; `after` may be the memory of `before`. See tdmpc2/optimiser for the scalars. */
export function adamStep(
  before: AdamArrays,
  after: AdamArrays,
  gradient: Float32Array,
  scalars: { factor: number; stepSize: number; inverseCorrection: number },
  { beta1, beta2, epsilon }: { beta1: number; beta2: number; epsilon: number },
): void {
  const { factor, stepSize, inverseCorrection } = scalars;
  const { parameter, expAvg, expAvgSq } = before;
  for (let index = 0; index < gradient.length; index++) {
    const slope = Math.fround((gradient[index] ?? 0) * factor);
    const average = Math.fround((expAvg[index] ?? 0) * beta1 + slope * (1 - beta1));
    const square = Math.fround((expAvgSq[index] ?? 0) * beta2 + slope * slope * (1 - beta2));
    after.expAvg[index] = average;
    after.expAvgSq[index] = square;
    after.parameter[index] =
      (parameter[index] ?? 0) - (stepSize * average) / (Math.sqrt(square) * inverseCorrection + epsilon);
  }
}

/** `target` moved by `tau` towards `online`; `after` may be the memory of `target`. */
export function movingAverageStep(target: Float32Array, online: Float32Array, tau: number, after: Float32Array): void {
  for (let index = 0; index < target.length; index++) {
    const value = target[index] ?? 0;
    after[index] = value + tau * ((online[index] ?? 0) - value);
  }
}

/** Runs one operation on the memory of its inputs and outputs, in their order. */
export function runHostOperation(
  operation: HostOperation,
  inputs: readonly Float32Array[],
  outputs: readonly Float32Array[],
): void {
  const [first, second, third, gradient, factor, stepSize, inverseCorrection] = inputs;
  const [afterFirst, afterSecond, afterThird] = outputs;
  if (operation.type === 'MovingAverage') {
    if (!first || !second || !third || !afterFirst) throw new RangeError('a moving average has three inputs');
    movingAverageStep(first, second, third[0] ?? Number.NaN, afterFirst);
    return;
  }
  if (!first || !second || !third || !gradient || !factor || !stepSize || !inverseCorrection)
    throw new RangeError('Adam has seven inputs');
  if (!afterFirst || !afterSecond || !afterThird) throw new RangeError('Adam has three outputs');
  const scalar = (array: Float32Array) => array[0] ?? Number.NaN;
  adamStep(
    { parameter: first, expAvg: second, expAvgSq: third },
    { parameter: afterFirst, expAvg: afterSecond, expAvgSq: afterThird },
    gradient,
    { factor: scalar(factor), stepSize: scalar(stepSize), inverseCorrection: scalar(inverseCorrection) },
    operation,
  );
}
