import * as tf from '@tensorflow/tfjs';
import { type PlanSettings } from './planSettings.ts';
import { joinRows } from './planValues.ts';

/** What the candidates of E environments are drawn around: [H, E, actionDim] each. */
export interface ActionDistribution {
  mean: tf.Tensor;
  std: tf.Tensor;
}

/** [a, b, n] to [b, a, n]. */
export function exchangeAxes(tensor: tf.Tensor): tf.Tensor {
  const [first = 0, second = 0, width = 0] = tensor.shape;
  if (first === 1 || second === 1) return tf.reshape(tensor, [second, first, width]);
  return tf.transpose(tensor, [1, 0, 2]);
}

/**
 * What planning starts from: `previousMean` [E, H, actionDim] moved on by a step (warm start; zeros are a cold one), and the
 * largest deviation.
 */
export function initialDistribution(settings: PlanSettings, previousMean: tf.Tensor): ActionDistribution {
  const { horizon, maxStd } = settings.planner;
  const { actionDim } = settings.architecture;
  const environments = previousMean.shape[0];
  const shifted = tf.slice(exchangeAxes(previousMean), [1, 0, 0], [horizon - 1, environments, actionDim]);
  return {
    mean: tf.concat([shifted, tf.zeros([1, environments, actionDim])], 0),
    std: tf.fill([horizon, environments, actionDim], maxStd),
  };
}

/**
 * Samples of an iteration around the mean, masked: [H, E * samples, actionDim].
 * @param noise [H, E, samples, actionDim]. @param actionMask [E, actionDim].
 */
export function sampleActions({ mean, std }: ActionDistribution, noise: tf.Tensor, actionMask: tf.Tensor): tf.Tensor {
  const [horizon = 0, environments = 0, samples = 0, actionDim = 0] = noise.shape;
  const perEnvironment = (tensor: tf.Tensor) => tf.reshape(tensor, [horizon, environments, 1, actionDim]);
  const drawn = tf.clipByValue(tf.add(perEnvironment(mean), tf.mul(perEnvironment(std), noise)), -1, 1);
  const masked = tf.mul(drawn, tf.reshape(actionMask, [1, environments, 1, actionDim]));
  return tf.reshape(masked, [horizon, environments * samples, actionDim]);
}

/** All candidates, of each environment its policy trajectories first: [H, E * numSamples, actionDim]. */
export function candidates(policyActions: tf.Tensor, samples: tf.Tensor, environments: number): tf.Tensor {
  const [horizon = 0, , actionDim = 0] = samples.shape;
  return tf.reshape(joinRows(policyActions, samples, horizon * environments), [horizon, -1, actionDim]);
}

export interface Elites {
  /** [E, numElites], best first. */
  values: tf.Tensor;
  /** [H, E, numElites, actionDim]. */
  actions: tf.Tensor;
}

/** Elites of each environment. @param values [E, N]. @param actions [H, E * N, actionDim]. */
export function selectElites(settings: PlanSettings, values: tf.Tensor, actions: tf.Tensor): Elites {
  const { numElites, horizon } = settings.planner;
  const [environments = 0, perEnvironment = 0] = values.shape;
  const best = tf.topk(values, numElites, true);
  const firstRows = Int32Array.from({ length: environments }, (_, environment) => environment * perEnvironment);
  const rows = tf.add(tf.cast(best.indices, 'int32'), tf.tensor2d(firstRows, [environments, 1], 'int32'));
  const chosen = tf.gather(actions, tf.reshape(environments === 1 ? best.indices : rows, [-1]), 1);
  const { actionDim } = settings.architecture;
  return { values: best.values, actions: tf.reshape(chosen, [horizon, environments, numElites, actionDim]) };
}

/** Mean and deviation of elites weighted by their score [E, numElites], masked. @param actionMask [E, actionDim]. */
export function refine(
  settings: PlanSettings,
  elites: Elites,
  actionMask: tf.Tensor,
): ActionDistribution & { score: tf.Tensor } {
  const { temperature, minStd, maxStd, numElites } = settings.planner;
  const { values, actions } = elites;
  const environments = values.shape[0];
  const unnormalised = tf.exp(tf.mul(temperature, tf.sub(values, tf.max(values, 1, true))));
  const score = tf.div(unnormalised, tf.sum(unnormalised, 1, true));
  const weights = tf.reshape(score, [1, environments, numElites, 1]);
  const total = tf.add(tf.sum(weights, 2), 1e-9);
  const mean = tf.div(tf.sum(tf.mul(weights, actions), 2), total);
  const spread = tf.square(tf.sub(actions, tf.expandDims(mean, 2)));
  const std = tf.clipByValue(tf.sqrt(tf.div(tf.sum(tf.mul(weights, spread), 2), total)), minStd, maxStd);
  return { score, mean: tf.mul(mean, actionMask), std: tf.mul(std, actionMask) };
}
