import { type Operation } from '../graph/operations.ts';
import { adamStep, movingAverageStep } from '../parameterSteps.ts';

/** Operations over flat parameters that are one pass here and a dozen in the runtime. */
export type HostOperation = Extract<Operation, { type: 'Adam' | 'MovingAverage' }>;

export function isHostOperation(operation: Operation): operation is HostOperation {
  return operation.type === 'Adam' || operation.type === 'MovingAverage';
}

/** How many of the first inputs have an output of the same place, which may be the same memory. */
export function updatedInputs(operation: HostOperation): number {
  return operation.type === 'Adam' ? 3 : 1;
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
