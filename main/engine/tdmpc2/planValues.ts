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
  const count = z.shape[0];
  const task = tf.tile(tf.reshape(context.task, [count, 1]), [1, perEnvironment]);
  return {
    environments: count,
    perEnvironment,
    z: repeatRows(z, perEnvironment),
    context: context.of(tf.reshape(task, [count * perEnvironment])),
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

/** What imagined trajectories have led to. */
export interface RolledOut {
  /** Discounted predicted rewards, [rows, 1]. */
  rewards: tf.Tensor;
  /** The last latent state, [rows, latentDim]. */
  z: tf.Tensor;
}

/** Follows action sequences [H, rows, actionDim] through the model. */
export function rollOut(settings: PlanSettings, weights: Weights, rows: PlanRows, actions: tf.Tensor): RolledOut {
  const { context } = rows;
  let { z } = rows;
  const parts: tf.Tensor[] = [];
  for (let step = 0; step < settings.planner.horizon; step++) {
    const action = stepOf(actions, step);
    const logits = reward(settings, weights, z, action, context);
    parts.push(tf.mul(twoHotInv(logits, settings.architecture), settings.discount ** step));
    z = next(settings, weights, z, action, context);
  }
  return { rewards: addAll(parts), z };
}

/** Of each of `count` blocks its rows of `first`, then those of `second`: [count * n, width] and [count * m, width]. */
export function joinRows(first: tf.Tensor, second: tf.Tensor, count: number): tf.Tensor {
  const width = first.shape.at(-1) ?? 0;
  const blocks = (tensor: tf.Tensor) => tf.reshape(tensor, [count, -1, width]);
  return tf.reshape(tf.concat([blocks(first), blocks(second)], 1), [-1, width]);
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
 * Values of candidates: their rewards and the discounted mean of two Qs at the end; 0 where not a number. More than one environment
 * only with two Qs, where every pair is both.
 * @param context of the candidates' rows. Returns [E, N].
 */
export function estimateValue(
  settings: PlanSettings,
  weights: Weights,
  { rewards, z }: RolledOut,
  context: TaskContext,
  draws: ValueDraws,
): tf.Tensor {
  const [environments = 0, perEnvironment = 0, actionDim = 0] = draws.noise.shape;
  const { action } = pi(settings, weights, z, tf.reshape(draws.noise, [-1, actionDim]), context);
  const options = { pair: stepOf(draws.pair, 0), mask: draws.mask, dropout: settings.dropout };
  const last = qOfPair(settings, weights, z, action, context, options, 'avg');
  const sum = tf.add(rewards, tf.mul(last, settings.discount ** settings.planner.horizon));
  const value = tf.reshape(sum, [environments, perEnvironment]);
  return tf.where(tf.isNaN(value), tf.zerosLike(value), value);
}
