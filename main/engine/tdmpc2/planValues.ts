import * as tf from '@tensorflow/tfjs';
import { twoHotInv } from './math.ts';
import { type PlanSettings } from './planSettings.ts';
import { addAll, stepOf } from './tensors.ts';
import { type Weights } from './weights.ts';
import { next, pi, qOfPair, reward, type TaskContext } from './worldModel.ts';

/**
 * Latent states that imagined trajectories start from: of each environment as many rows as it has trajectories, one environment
 * after the other.
 */
export interface PlanRows {
  environments: number;
  perEnvironment: number;
  /** [environments * perEnvironment, latentDim]. */
  z: tf.Tensor;
  context: TaskContext;
}

/** Each row `times` times, one row after the other: [rows, n] to [rows * times, n]. */
function repeatRows(rows: tf.Tensor, times: number): tf.Tensor {
  const [count = 0, width = 0] = rows.shape;
  return tf.reshape(tf.tile(tf.reshape(rows, [count, 1, width]), [1, times, 1]), [count * times, width]);
}

/** @param z the latent state of each environment [environments, latentDim]. @param context theirs. */
export function planRows(z: tf.Tensor, context: TaskContext, perEnvironment: number): PlanRows {
  const repeated = (rows: tf.Tensor) => repeatRows(rows, perEnvironment);
  return {
    environments: z.shape[0],
    perEnvironment,
    z: repeated(z),
    context: {
      embedding: context.embedding === undefined ? undefined : repeated(context.embedding),
      actionMask: repeated(context.actionMask),
      actionDims: repeated(context.actionDims),
    },
  };
}

/** Actions of trajectories that follow the policy: [H, rows, actionDim], masked. @param noise as many standard normal numbers. */
export function policyTrajectories(
  settings: PlanSettings,
  weights: Weights,
  rows: PlanRows,
  noise: tf.Tensor,
): tf.Tensor {
  const { horizon } = settings.planner;
  const { context } = rows;
  const flat = tf.reshape(noise, [horizon, -1, settings.architecture.actionDim]);
  let latent = rows.z;
  const actions: tf.Tensor[] = [];
  for (let step = 0; step < horizon; step++) {
    const { action } = pi(settings, weights, latent, stepOf(flat, step), context);
    actions.push(tf.mul(action, context.actionMask));
    if (step < horizon - 1) latent = next(settings, weights, latent, action, context);
  }
  return tf.stack(actions);
}

/** What one estimate of the values of E environments' N candidates draws. */
export interface ValueDraws {
  /** Noise of the policy at the end, [E, N, actionDim]. */
  noise: tf.Tensor;
  /** The Qs of each environment, int32 [E, 2]. */
  pair: tf.Tensor;
  /** Keep mask [numQ, E, N, mlpDim]. */
  mask?: tf.Tensor | undefined;
}

/**
 * Values of action sequences: discounted predicted rewards and the mean of two Qs at the end; 0 where not a number.
 * @param actions [H, rows, actionDim]. Returns [environments, perEnvironment].
 */
export function estimateValue(
  settings: PlanSettings,
  weights: Weights,
  rows: PlanRows,
  actions: tf.Tensor,
  draws: ValueDraws,
): tf.Tensor {
  const { context } = rows;
  let latent = rows.z;
  const parts: tf.Tensor[] = [];
  let discount = 1;
  for (let step = 0; step < settings.planner.horizon; step++) {
    const action = stepOf(actions, step);
    const logits = reward(settings, weights, latent, action, context);
    parts.push(tf.mul(twoHotInv(logits, settings.architecture), discount));
    latent = next(settings, weights, latent, action, context);
    discount *= settings.discount;
  }
  const noise = tf.reshape(draws.noise, [-1, settings.architecture.actionDim]);
  const { action } = pi(settings, weights, latent, noise, context);
  parts.push(tf.mul(lastValues(settings, weights, { ...rows, z: latent }, action, draws), discount));
  const value = tf.reshape(addAll(parts), [rows.environments, rows.perEnvironment]);
  return tf.where(tf.isNaN(value), tf.zerosLike(value), value);
}

/** The mean of each environment's two Qs: [rows, 1]. */
function lastValues(
  settings: PlanSettings,
  weights: Weights,
  rows: PlanRows,
  action: tf.Tensor,
  { pair, mask }: ValueDraws,
): tf.Tensor {
  const { environments, perEnvironment, z, context } = rows;
  const { dropout } = settings;
  const { numQ } = settings.architecture;
  // Of two Qs every pair is both, so all rows go together.
  if (environments === 1 || numQ === 2)
    return qOfPair(settings, weights, z, action, context, { pair: stepOf(pair, 0), mask, dropout }, 'avg');
  // Otherwise each environment's rows go through its own pair: as many products as in single plans, and not numQ / 2 times them.
  const values = Array.from({ length: environments }, (_, environment) => {
    const own = (tensor: tf.Tensor) =>
      tf.slice(tensor, [environment * perEnvironment, 0], [perEnvironment, tensor.shape[1] ?? 0]);
    const ownContext = {
      embedding: context.embedding === undefined ? undefined : own(context.embedding),
      actionMask: own(context.actionMask),
      actionDims: own(context.actionDims),
    };
    const options = {
      pair: stepOf(pair, environment),
      mask: mask === undefined ? undefined : tf.slice(mask, [0, environment, 0, 0], [numQ, 1, ...mask.shape.slice(2)]),
      dropout,
    };
    return qOfPair(settings, weights, own(z), own(action), ownContext, options, 'avg');
  });
  return tf.concat(values, 0);
}
