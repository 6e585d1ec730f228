import * as tf from '@tensorflow/tfjs';
import { fusedAdam, fusedMovingAverage, hasFusedSteps } from '../compute/wasmKernels.ts';
import { momentNames } from './agentState.ts';
import { type ParameterGroup, type ParameterSpecification } from './parameters.ts';
import { type NamedTensors, requireTensor } from './tensors.ts';

/** torch.optim.Adam without weight decay. */
export const adamBetas = [0.9, 0.999] as const;
export const modelEpsilon = 1e-8;
export const policyEpsilon = 1e-5;

export interface AdamState {
  parameter: tf.Tensor;
  expAvg: tf.Tensor;
  expAvgSq: tf.Tensor;
}

/** What depends on the number of the update, computed by the caller in float64 as torch does; scalars. */
export interface AdamStep {
  /** Learning rate divided by 1 - beta1^step. */
  stepSize: tf.Tensor;
  /** 1 / sqrt(1 - beta2^step). */
  inverseCorrection: tf.Tensor;
  epsilon: number;
}

/** One Adam step of one parameter, whose gradient is multiplied by the scalar `factor` first. */
function adam(state: AdamState, gradient: tf.Tensor, factor: tf.Tensor, step: AdamStep): AdamState {
  const [beta1, beta2] = adamBetas;
  if (hasFusedSteps()) {
    const { stepSize, inverseCorrection, epsilon } = step;
    const [parameter, expAvg, expAvgSq] = fusedAdam(
      { ...state, gradient, factor, stepSize, inverseCorrection },
      { beta1, beta2, epsilon },
    );
    return { parameter, expAvg, expAvgSq };
  }
  const clipped = tf.mul(gradient, factor);
  const expAvg = tf.add(tf.mul(state.expAvg, beta1), tf.mul(clipped, 1 - beta1));
  const expAvgSq = tf.add(tf.mul(state.expAvgSq, beta2), tf.mul(tf.square(clipped), 1 - beta2));
  const denominator = tf.add(tf.mul(tf.sqrt(expAvgSq), step.inverseCorrection), step.epsilon);
  return {
    parameter: tf.sub(state.parameter, tf.div(tf.mul(expAvg, step.stepSize), denominator)),
    expAvg,
    expAvgSq,
  };
}

/** Adam on some parameters of `state`: the new parameters and moments by name. */
export function adamOfAll(
  specifications: readonly ParameterSpecification[],
  state: NamedTensors,
  gradients: NamedTensors,
  factor: tf.Tensor,
  stepOfGroup: (group: ParameterGroup) => AdamStep,
): Map<string, tf.Tensor> {
  const after = new Map<string, tf.Tensor>();
  for (const { name, group } of specifications) {
    const names = momentNames(group, name);
    const current = {
      parameter: requireTensor(state, name),
      expAvg: requireTensor(state, names.avg),
      expAvgSq: requireTensor(state, names.avgSq),
    };
    const result = adam(current, requireTensor(gradients, name), factor, stepOfGroup(group));
    after.set(name, result.parameter);
    after.set(names.avg, result.expAvg);
    after.set(names.avgSq, result.expAvgSq);
  }
  return after;
}

/**
 * Sum of all squares, a scalar. Axis by axis: the wasm backend adds one number after the other, and over a whole matrix that
 * loses four of seven digits.
 */
export function squaredNorm(tensors: readonly tf.Tensor[]): tf.Tensor {
  const squares = tensors.map((tensor) => tf.sum(tf.sum(tf.square(tensor), -1)));
  return tf.sum(tf.stack(squares));
}

/** What torch's clip_grad_norm_ multiplies gradients of the global norm `norm` by. */
export function clipFactor(norm: tf.Tensor, maxNorm: tf.Tensor): tf.Tensor {
  return tf.minimum(tf.div(maxNorm, tf.add(norm, 1e-6)), 1);
}

/** `target` moved by `tau` towards `online`. */
export function movingAverage(target: tf.Tensor, online: tf.Tensor, tau: tf.Tensor): tf.Tensor {
  if (hasFusedSteps()) return fusedMovingAverage(target, online, tau);
  return tf.add(target, tf.mul(tau, tf.sub(online, target)));
}
