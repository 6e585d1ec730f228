import * as tf from '@tensorflow/tfjs';
import { type Architecture } from '../../../shared/architecture.ts';
import { transposeTimes } from '../compute/matrix.ts';
import { withGradient } from './gradients.ts';
import { type Dropout, type LayerObserver, mlp } from './layers.ts';
import { gaussianLogProb, squashCorrection, squashLogStd, twoHotInv } from './math.ts';
import { taskEmbedding } from './parameters.ts';
import { asRows, type NamedTensors } from './tensors.ts';
import { type Weights } from './weights.ts';

/** What a model is besides its parameters. */
export interface ModelSettings {
  architecture: Architecture;
  /** Number of actuators of each task: the rest of a padded action is masked. */
  actionDims: readonly number[];
  logStdMin: number;
  logStdMax: number;
  /** Leaves the official multiplication by the action dimension out (quirk 5). */
  unscaledLogProbability: boolean;
}

/** What is the same for all rows of one batch of tasks. */
export interface TaskContext {
  /** int32 [rows]. */
  task: tf.Tensor;
  /** [rows, taskDim], or undefined for a model without tasks. */
  embedding: tf.Tensor | undefined;
  /** [rows, actionDim], 1 for the task's own actions. */
  actionMask: tf.Tensor;
  /** [rows, 1]. */
  actionDims: tf.Tensor;
  /** The same for other rows. */
  of: (task: tf.Tensor) => TaskContext;
}

/**
 * The embedding table as it is after its rows `task` were looked up: rows with a norm over 1 are scaled to 1, in place in the
 * official code, so the result replaces the parameter.
 */
export function renormalisedEmbedding(table: tf.Tensor, task: tf.Tensor): tf.Tensor {
  const numTasks = table.shape[0];
  const norm = tf.sqrt(tf.sum(tf.square(table), 1, true));
  const used = tf.greater(tf.sum(tf.oneHot(tf.cast(task, 'int32'), numTasks), 0), 0);
  const tooLong = tf.logicalAnd(tf.reshape(used, [numTasks, 1]), tf.greater(norm, 1));
  return tf.mul(table, tf.where(tooLong, tf.div(1, tf.add(norm, 1e-7)), tf.onesLike(norm)));
}

/** Parameters with the embedding table, where there is one, as it is after its rows `task` were looked up. */
export function renormalised(parameters: NamedTensors, task: tf.Tensor): Map<string, tf.Tensor> {
  const result = new Map(parameters);
  const table = parameters.get(taskEmbedding);
  if (table !== undefined) result.set(taskEmbedding, renormalisedEmbedding(table, task));
  return result;
}

/** Rows `task` of the table, differentiable. */
function lookUp(table: tf.Tensor, task: tf.Tensor, frozen: boolean): tf.Tensor {
  if (frozen) return tf.gather(table, task);
  return withGradient(
    [table],
    () => ({ value: tf.gather(table, task), saved: { task } }),
    (dy, { task }) => [transposeTimes(tf.cast(tf.oneHot(tf.cast(task, 'int32'), table.shape[0]), 'float32'), dy)],
  );
}

/** @param task int32 [rows]. Rows with a norm over 1 must have been renormalised before. */
export function taskContext(settings: ModelSettings, weights: Weights, task: tf.Tensor): TaskContext {
  const { architecture, actionDims } = settings;
  const { taskDim, actionDim, numTasks } = architecture;
  const dims = Array.from({ length: numTasks }, (_, index) => actionDims[index] ?? actionDim);
  const masks = dims.flatMap((count) => Array.from({ length: actionDim }, (_, index) => (index < count ? 1 : 0)));
  const maskTable = tf.tensor2d(masks, [numTasks, actionDim]);
  const dimsTable = tf.tensor2d(dims, [numTasks, 1]);
  const contextOf = (rows: tf.Tensor): TaskContext => ({
    task: rows,
    embedding: taskDim === 0 ? undefined : lookUp(weights.get(taskEmbedding), rows, weights.frozen),
    actionMask: tf.gather(maskTable, rows),
    actionDims: tf.gather(dimsTable, rows),
    of: contextOf,
  });
  return contextOf(task);
}

/**
 * The context of `times` batches one after the other. The tasks are repeated, not their embeddings: compiled backends can then do
 * the embedding's part of a product once for each task instead of once for each row.
 */
export function repeatContext(context: TaskContext, times: number): TaskContext {
  return context.of(tf.tile(context.task, [times]));
}

function join(parts: readonly (tf.Tensor | undefined)[]): tf.Tensor {
  return tf.concat(
    parts.filter((part) => part !== undefined),
    1,
  );
}

/** obs [rows, obsDim]: the latent state [rows, latentDim]. */
export function encode(
  settings: ModelSettings,
  weights: Weights,
  obs: tf.Tensor,
  context: TaskContext,
  observe?: LayerObserver,
): tf.Tensor {
  return mlp(settings.architecture, weights, '_encoder.state', join([obs, context.embedding]), { observe });
}

/** z [rows, latentDim], action [rows, actionDim]: the next latent state. */
export function next(
  settings: ModelSettings,
  weights: Weights,
  z: tf.Tensor,
  action: tf.Tensor,
  context: TaskContext,
  observe?: LayerObserver,
): tf.Tensor {
  return mlp(settings.architecture, weights, '_dynamics', join([z, context.embedding, action]), { observe });
}

/** Logits of the reward of `action` at `z`: [rows, numBins]. */
export function reward(
  settings: ModelSettings,
  weights: Weights,
  z: tf.Tensor,
  action: tf.Tensor,
  context: TaskContext,
  observe?: LayerObserver,
): tf.Tensor {
  return mlp(settings.architecture, weights, '_reward', join([z, context.embedding, action]), { observe });
}

export interface PolicyOutput {
  /** Mean and sampled action after tanh, masked: [rows, actionDim]. */
  mu: tf.Tensor;
  action: tf.Tensor;
  /** [rows, 1]. */
  logProb: tf.Tensor;
  /** After the squash to its range, masked: [rows, actionDim]. */
  logStd: tf.Tensor;
}

/** @param noise standard normal [rows, actionDim]. */
export function pi(
  settings: ModelSettings,
  weights: Weights,
  z: tf.Tensor,
  noise: tf.Tensor,
  context: TaskContext,
  observe?: LayerObserver,
): PolicyOutput {
  const { logStdMin, logStdMax, unscaledLogProbability, architecture } = settings;
  const output = mlp(settings.architecture, weights, '_pi', join([z, context.embedding]), { observe });
  const rows = output.shape[0];
  const { actionDim } = architecture;
  const part = (start: number) => tf.slice(output, [0, start], [rows, actionDim]);
  const mean = tf.mul(part(0), context.actionMask);
  const logStd = tf.mul(squashLogStd(part(actionDim), logStdMin, logStdMax - logStdMin), context.actionMask);
  const eps = tf.mul(noise, context.actionMask);
  const action = tf.tanh(tf.add(mean, tf.mul(eps, tf.exp(logStd))));
  const gaussian = gaussianLogProb(eps, logStd, context.actionDims, unscaledLogProbability);
  return { mu: tf.tanh(mean), action, logProb: tf.sub(gaussian, squashCorrection(action)), logStd };
}

export interface QOptions {
  target?: boolean;
  /** The two Qs that are used; all without it. int32 [2]. */
  pair?: tf.Tensor | undefined;
  /** Keep mask [numQ, ..., mlpDim] of 0 and 1; none: no dropout. */
  mask?: tf.Tensor | undefined;
  dropout: number;
}

/** Logits of the Qs for z [rows, latentDim] and action: [numQ or 2, rows, numBins]. */
export function qLogits(
  settings: ModelSettings,
  weights: Weights,
  z: tf.Tensor,
  action: tf.Tensor,
  context: TaskContext,
  options: QOptions,
): tf.Tensor {
  const { numQ, mlpDim } = settings.architecture;
  // Of two Qs every pair is both, and what is made of a pair is symmetric.
  const pair = numQ === 2 ? undefined : options.pair;
  let dropout: Dropout | undefined;
  if (options.mask !== undefined) {
    const mask = tf.reshape(options.mask, [numQ, -1, mlpDim]);
    dropout = { mask: pair === undefined ? mask : tf.gather(mask, pair), probability: options.dropout };
  }
  const net = options.target === true ? '_target_Qs' : '_Qs';
  return mlp(settings.architecture, weights, net, join([z, context.embedding, action]), { dropout, pair });
}

/** Values of a pair of Qs: the smaller or the mean, [rows, 1]. */
export function qOfPair(
  settings: ModelSettings,
  weights: Weights,
  z: tf.Tensor,
  action: tf.Tensor,
  context: TaskContext,
  options: QOptions,
  combine: 'min' | 'avg',
): tf.Tensor {
  const logits = qLogits(settings, weights, z, action, context, options);
  const [models = 0, rows = 0] = logits.shape;
  const values = tf.reshape(twoHotInv(asRows(logits), settings.architecture), [models, rows, 1]);
  return combine === 'min' ? tf.min(values, 0) : tf.mean(values, 0);
}
