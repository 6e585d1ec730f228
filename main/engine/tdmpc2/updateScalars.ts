import type * as tf from '@tensorflow/tfjs';
import { type Hyperparameters } from '../../../shared/hyperparameters.ts';
import { adamBetas } from './optimiser.ts';
import { type NamedTensors, requireTensor } from './tensors.ts';

/** The numbers that each update is given afresh, so that they may change from one to the next without a new program. */
export type UpdateScalarName =
  | 'consistencyCoef'
  | 'rewardCoef'
  | 'valueCoef'
  | 'entropyCoef'
  | 'gradClipNorm'
  | 'tau'
  | 'modelStepSize'
  | 'encoderStepSize'
  | 'policyStepSize'
  | 'inverseCorrection'
  | `distillationCoef${number}`;

/** Gives the program's scalars by name. */
export type ScalarOf = (name: UpdateScalarName) => tf.Tensor;

/** Errors of what it returns: RangeError for a scalar that was not given. */
export function scalarOf(scalars: NamedTensors): ScalarOf {
  return (name) => requireTensor(scalars, name);
}

/**
 * The scalars of update `number` (1 for the first), Adam's bias corrections in float64 as torch computes them.
 * @param coefficients of the distillation terms, in their order.
 */
export function updateScalars(
  hyperparameters: Hyperparameters,
  number: number,
  coefficients: readonly number[],
): Record<UpdateScalarName, number> {
  const { consistencyCoef, rewardCoef, valueCoef, entropyCoef, gradClipNorm, tau, lr, encLrScale } = hyperparameters;
  const [beta1, beta2] = adamBetas;
  const stepSize = lr / (1 - beta1 ** number);
  return {
    consistencyCoef,
    rewardCoef,
    valueCoef,
    entropyCoef,
    gradClipNorm,
    tau,
    modelStepSize: stepSize,
    encoderStepSize: (lr * encLrScale) / (1 - beta1 ** number),
    policyStepSize: stepSize,
    inverseCorrection: 1 / Math.sqrt(1 - beta2 ** number),
    ...Object.fromEntries(coefficients.map((value, index) => [`distillationCoef${index}`, value])),
  };
}
