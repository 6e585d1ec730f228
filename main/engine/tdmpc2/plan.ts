import * as tf from '@tensorflow/tfjs';
import { type Program } from '../compute/program.ts';
import { twoHotInv } from './math.ts';
import { parameterSpecifications } from './parameters.ts';
import { addAll, type NamedTensors, requireTensor, stepOf } from './tensors.ts';
import { Weights } from './weights.ts';
import {
  encode,
  type ModelSettings,
  next,
  pi,
  qOfPair,
  renormalised,
  repeatContext,
  reward,
  type TaskContext,
  taskContext,
} from './worldModel.ts';

/** The official planner's constants. */
export interface PlannerParameters {
  horizon: number;
  iterations: number;
  numSamples: number;
  numElites: number;
  numPiTrajs: number;
  minStd: number;
  maxStd: number;
  temperature: number;
}

export const defaultPlanner: PlannerParameters = {
  horizon: 3,
  iterations: 6,
  numSamples: 512,
  numElites: 64,
  numPiTrajs: 24,
  minStd: 0.05,
  maxStd: 2,
  temperature: 0.5,
};

export interface PlanSettings extends ModelSettings {
  planner: PlannerParameters;
  discount: number;
  /** Active in planning too, as in the official code (quirk 1); 0 for none. */
  dropout: number;
}

/** Actions of trajectories that follow the policy from z [1, latentDim]: [H, numPiTrajs, actionDim], masked. */
export function policyTrajectories(
  settings: PlanSettings,
  weights: Weights,
  z: tf.Tensor,
  noise: tf.Tensor,
  context: TaskContext,
): tf.Tensor {
  const { horizon, numPiTrajs } = settings.planner;
  const contexts = repeatContext(context, numPiTrajs);
  let latent = tf.tile(z, [numPiTrajs, 1]);
  const actions: tf.Tensor[] = [];
  for (let step = 0; step < horizon; step++) {
    const { action } = pi(settings, weights, latent, stepOf(noise, step), contexts);
    actions.push(tf.mul(action, contexts.actionMask));
    if (step < horizon - 1) latent = next(settings, weights, latent, action, contexts);
  }
  return tf.stack(actions);
}

/** What one estimate of values draws: noise of the policy at the end [N, actionDim], the pair of Qs, their dropout mask. */
export interface ValueDraws {
  noise: tf.Tensor;
  pair: tf.Tensor;
  mask?: tf.Tensor | undefined;
}

/**
 * Values of action sequences from z [1, latentDim]: discounted predicted rewards and the mean of two Qs at the end; 0 where not a
 * number. @param actions [H, N, actionDim]. Returns [N, 1].
 */
export function estimateValue(
  settings: PlanSettings,
  weights: Weights,
  z: tf.Tensor,
  actions: tf.Tensor,
  draws: ValueDraws,
  context: TaskContext,
): tf.Tensor {
  const samples = actions.shape[1] ?? 0;
  const contexts = repeatContext(context, samples);
  let latent = tf.tile(z, [samples, 1]);
  const parts: tf.Tensor[] = [];
  let discount = 1;
  for (let step = 0; step < settings.planner.horizon; step++) {
    const action = stepOf(actions, step);
    const logits = reward(settings, weights, latent, action, contexts);
    parts.push(tf.mul(twoHotInv(logits, settings.architecture), discount));
    latent = next(settings, weights, latent, action, contexts);
    discount *= settings.discount;
  }
  const { action } = pi(settings, weights, latent, draws.noise, contexts);
  const options = { pair: draws.pair, mask: draws.mask, dropout: settings.dropout };
  parts.push(tf.mul(qOfPair(settings, weights, latent, action, contexts, options, 'avg'), discount));
  const value = addAll(parts);
  return tf.where(tf.isNaN(value), tf.zerosLike(value), value);
}

/** The candidates of an iteration: policy trajectories first, then samples around the mean, masked: [H, N, actionDim]. */
export function candidates(
  piActions: tf.Tensor,
  mean: tf.Tensor,
  std: tf.Tensor,
  noise: tf.Tensor,
  context: TaskContext,
): tf.Tensor {
  const samples = tf.add(tf.expandDims(mean, 1), tf.mul(tf.expandDims(std, 1), noise));
  return tf.concat([piActions, tf.mul(tf.clipByValue(samples, -1, 1), context.actionMask)], 1);
}

/** Elites, best first: their indices, values [E, 1] and actions [H, E, actionDim]. */
export function selectElites(
  settings: PlanSettings,
  values: tf.Tensor,
  actions: tf.Tensor,
): { indices: tf.Tensor; values: tf.Tensor; actions: tf.Tensor } {
  const { numElites } = settings.planner;
  const { indices, values: best } = tf.topk(tf.reshape(values, [-1]), numElites, true);
  return { indices, values: tf.reshape(best, [numElites, 1]), actions: tf.gather(actions, indices, 1) };
}

/** Mean and deviation [H, actionDim] of elites weighted by their score [E, 1], masked. */
export function refine(
  settings: PlanSettings,
  eliteValues: tf.Tensor,
  eliteActions: tf.Tensor,
  context: TaskContext,
): { score: tf.Tensor; mean: tf.Tensor; std: tf.Tensor } {
  const { temperature, minStd, maxStd } = settings.planner;
  const unnormalised = tf.exp(tf.mul(temperature, tf.sub(eliteValues, tf.max(eliteValues))));
  const score = tf.div(unnormalised, tf.sum(unnormalised));
  const total = tf.add(tf.sum(score), 1e-9);
  const mean = tf.div(tf.sum(tf.mul(score, eliteActions), 1), total);
  const spread = tf.square(tf.sub(eliteActions, tf.expandDims(mean, 1)));
  const std = tf.clipByValue(tf.sqrt(tf.div(tf.sum(tf.mul(score, spread), 1), total)), minStd, maxStd);
  return { score, mean: tf.mul(mean, context.actionMask), std: tf.mul(std, context.actionMask) };
}

/** Mean and deviation that planning starts from; `previousMean` [H, actionDim] is moved on by a step (warm start). */
export function initialDistribution(
  settings: PlanSettings,
  previousMean: tf.Tensor | undefined,
): { mean: tf.Tensor; std: tf.Tensor } {
  const { horizon, maxStd } = settings.planner;
  const { actionDim } = settings.architecture;
  const std = tf.fill([horizon, actionDim], maxStd);
  if (previousMean === undefined) return { mean: tf.zeros([horizon, actionDim]), std };
  const shifted = tf.slice(previousMean, [1, 0], [horizon - 1, actionDim]);
  return { mean: tf.concat([shifted, tf.zeros([1, actionDim])], 0), std };
}

/**
 * MPPI for one observation as a program. State: the parameters. Batch: obs [1, obsDim], task int32 [1], previousMean [H, actionDim]
 * (zeros at the start of an episode), noisePiTrajs [H, numPiTrajs, actionDim], noiseSamples
 * [iterations, H, numSamples - numPiTrajs, actionDim], noiseValuePi [iterations, numSamples, actionDim], pairValue int32
 * [iterations, 2], with dropout maskValue [iterations, numQ, numSamples, mlpDim].
 * Outputs: score [numElites], eliteActions [H, numElites, actionDim], mean and std [H, actionDim] of the last iteration. The action
 * is chosen from them by `chooseAction`.
 */
export function planProgram(settings: PlanSettings): Program {
  const specifications = parameterSpecifications(settings.architecture);
  const { iterations, numElites } = settings.planner;
  function run(state: NamedTensors, batch: NamedTensors) {
    const task = requireTensor(batch, 'task');
    const current = renormalised(state, task);
    const weights = new Weights(current, true);
    const context = taskContext(settings, weights, task);
    const z = encode(settings, weights, requireTensor(batch, 'obs'), context);
    const piActions = policyTrajectories(settings, weights, z, requireTensor(batch, 'noisePiTrajs'), context);
    let { mean, std } = initialDistribution(settings, requireTensor(batch, 'previousMean'));
    let score = tf.zeros([numElites, 1]);
    let eliteActions = piActions;
    for (let iteration = 0; iteration < iterations; iteration++) {
      const of = (name: string) => stepOf(requireTensor(batch, name), iteration);
      const actions = candidates(piActions, mean, std, of('noiseSamples'), context);
      const draws = {
        noise: of('noiseValuePi'),
        pair: of('pairValue'),
        mask: settings.dropout > 0 ? of('maskValue') : undefined,
      };
      const values = estimateValue(settings, weights, z, actions, draws, context);
      const elites = selectElites(settings, values, actions);
      ({ score, mean, std } = refine(settings, elites.values, elites.actions, context));
      eliteActions = elites.actions;
    }
    weights.dispose();
    const outputs = new Map([
      ['score', tf.reshape(score, [numElites])],
      ['eliteActions', eliteActions],
      ['mean', mean],
      ['std', std],
    ]);
    return { state: current, outputs };
  }
  return { name: 'plan', state: specifications.map(({ name }) => name), run };
}
