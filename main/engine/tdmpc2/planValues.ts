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
 * Values of action sequences: discounted predicted rewards and the mean of two Qs at the end; 0 where not a number. More than one
 * environment only with two Qs, where every pair is both.
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
  const options = { pair: stepOf(draws.pair, 0), mask: draws.mask, dropout: settings.dropout };
  parts.push(tf.mul(qOfPair(settings, weights, latent, action, context, options, 'avg'), discount));
  const value = tf.reshape(addAll(parts), [rows.environments, rows.perEnvironment]);
  return tf.where(tf.isNaN(value), tf.zerosLike(value), value);
}

/** Environments whose values are estimated together: from environment `first` on. */
export interface PlanGroup {
  first: number;
  rows: PlanRows;
}

/** Entries `first` to `first + count` of an axis. */
function range(tensor: tf.Tensor, axis: number, first: number, count: number): tf.Tensor {
  const begin = tensor.shape.map((_, index) => (index === axis ? first : 0));
  return tf.slice(
    tensor,
    begin,
    tensor.shape.map((size, index) => (index === axis ? count : size)),
  );
}

/**
 * The candidates' rows in groups of `size` environments. With more than two Qs each environment is a group: its rows go through its
 * own pair, as many products as in single plans and not numQ / 2 times them.
 */
export function planGroups(settings: PlanSettings, z: tf.Tensor, context: TaskContext): PlanGroup[] {
  const { numSamples } = settings.planner;
  const environments = z.shape[0];
  const size = settings.architecture.numQ === 2 ? (settings.groupSize ?? environments) : 1;
  if (size >= environments) return [{ first: 0, rows: planRows(z, context, numSamples) }];
  return Array.from({ length: Math.ceil(environments / size) }, (_, index) => {
    const first = index * size;
    const count = Math.min(size, environments - first);
    const rows = planRows(range(z, 0, first, count), context.of(range(context.task, 0, first, count)), numSamples);
    return { first, rows };
  });
}

/** As `estimateValue`, group by group. */
export function estimateValues(
  settings: PlanSettings,
  weights: Weights,
  groups: readonly PlanGroup[],
  actions: tf.Tensor,
  draws: ValueDraws,
): tf.Tensor {
  if (groups.length === 1 && groups[0] !== undefined)
    return estimateValue(settings, weights, groups[0].rows, actions, draws);
  const values = groups.map(({ first, rows }) => {
    const { environments, perEnvironment } = rows;
    const own = range(actions, 1, first * perEnvironment, environments * perEnvironment);
    return estimateValue(settings, weights, rows, own, {
      noise: range(draws.noise, 0, first, environments),
      pair: range(draws.pair, 0, first, environments),
      mask: draws.mask === undefined ? undefined : range(draws.mask, 1, first, environments),
    });
  });
  return tf.concat(values, 0);
}
