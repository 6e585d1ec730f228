import * as tf from '@tensorflow/tfjs';
import { rewardTermLoss } from './distill.ts';
import { valueAndGradients } from './gradients.ts';
import { softCrossEntropy, twoHot, twoHotInv } from './math.ts';
import { type UpdateSettings } from './settings.ts';
import { addAll, asRows, rhoWeights, stepOf } from './tensors.ts';
import { type UpdateInputs } from './updateBatch.ts';
import { type ScalarOf } from './updateScalars.ts';
import { type Weights } from './weights.ts';
import {
  encode,
  next,
  pi,
  qLogits,
  qOfPair,
  repeatContext,
  reward,
  type TaskContext,
  taskContext,
} from './worldModel.ts';

/** The TD target of next latent states [rows, latentDim]: reward + discount * the smaller of two target Qs, [rows, 1]. */
function tdTarget(
  settings: UpdateSettings,
  weights: Weights,
  nextZ: tf.Tensor,
  inputs: UpdateInputs,
  context: TaskContext,
): tf.Tensor {
  const { action } = pi(settings, weights, nextZ, asRows(inputs.noiseTd), context);
  const options = {
    target: true,
    pair: inputs.pairTd,
    mask: inputs.maskTd,
    dropout: settings.hyperparameters.dropout,
  };
  const q = qOfPair(settings, weights, nextZ, action, context, options, 'min');
  return tf.add(asRows(inputs.reward), tf.mul(settings.discount, q));
}

export interface ModelLosses {
  gradients: tf.Tensor[];
  /** Latent states of all steps, the encoded first one included: [(H + 1) * B, latentDim]. */
  zs: tf.Tensor;
  consistencyLoss: tf.Tensor;
  rewardLoss: tf.Tensor;
  valueLoss: tf.Tensor;
  totalLoss: tf.Tensor;
  studentReward: tf.Tensor;
  distillationLosses: tf.Tensor[];
}

/** What the losses compare with; constants. */
interface ModelTargets {
  /** Encodings of the observations after each action, [H, B, latentDim]. */
  nextZs: tf.Tensor;
  /** Two-hot rewards and TD targets, [H * B, numBins]. */
  reward: tf.Tensor;
  value: tf.Tensor;
}

function modelTargets(settings: UpdateSettings, frozen: Weights, inputs: UpdateInputs): ModelTargets {
  const { architecture } = settings;
  const { horizon } = settings.hyperparameters;
  const batch = inputs.task.shape[0];
  const context = repeatContext(taskContext(settings, frozen, inputs.task), horizon);
  const obsAfter = tf.slice(inputs.obs, [1, 0, 0], [horizon, batch, architecture.obsDim]);
  const nextZ = encode(settings, frozen, asRows(obsAfter), context);
  return {
    nextZs: tf.reshape(nextZ, [horizon, batch, architecture.latentDim]),
    reward: twoHot(asRows(inputs.reward), architecture),
    value: twoHot(tdTarget(settings, frozen, nextZ, inputs, context), architecture),
  };
}

/** The latent rollout from the first observation, H + 1 states [B, latentDim], and how far it strays from the encodings. */
function rollOut(
  settings: UpdateSettings,
  weights: Weights,
  inputs: UpdateInputs,
  nextZs: tf.Tensor,
  context: TaskContext,
): { zs: tf.Tensor[]; consistencyLoss: tf.Tensor } {
  const { horizon, rho } = settings.hyperparameters;
  let z = encode(settings, weights, stepOf(inputs.obs, 0), context);
  const zs = [z];
  const consistency: tf.Tensor[] = [];
  for (let step = 0; step < horizon; step++) {
    z = next(settings, weights, z, stepOf(inputs.action, step), context);
    zs.push(z);
    const error = tf.mean(tf.square(tf.sub(z, stepOf(nextZs, step))));
    consistency.push(tf.mul(error, rho ** step / horizon));
  }
  return { zs, consistencyLoss: addAll(consistency) };
}

/**
 * The first half of the official `update`: losses of the model, scalars, and the gradients of their total with respect to `trained`.
 */
export function modelLosses(
  settings: UpdateSettings,
  weights: Weights,
  inputs: UpdateInputs,
  scalar: ScalarOf,
  trained: readonly tf.Tensor[],
): ModelLosses {
  const { hyperparameters, architecture, terms } = settings;
  const { horizon, rho, dropout } = hyperparameters;
  const batch = inputs.task.shape[0];
  const target = modelTargets(settings, weights.freeze(), inputs);
  const rowWeights = rhoWeights(rho, horizon, batch);

  const { gradients, auxiliary } = valueAndGradients(() => {
    const context = taskContext(settings, weights, inputs.task);
    const { zs, consistencyLoss } = rollOut(settings, weights, inputs, target.nextZs, context);

    const contexts = repeatContext(context, horizon);
    const before = tf.concat(zs.slice(0, horizon), 0);
    const actions = asRows(inputs.action);
    const rewardLogits = reward(settings, weights, before, actions, contexts);
    const rewardLoss = tf.sum(tf.mul(softCrossEntropy(rewardLogits, target.reward), rowWeights));
    const options = { mask: inputs.maskValue, dropout };
    const values = qLogits(settings, weights, before, actions, contexts, options);
    const valueTarget = tf.tile(tf.expandDims(target.value, 0), [values.shape[0], 1, 1]);
    const valueLoss = tf.sum(tf.mul(tf.mean(softCrossEntropy(values, valueTarget), 0), rowWeights));

    const student = tf.reshape(twoHotInv(rewardLogits, architecture), [horizon, batch, 1]);
    const { teacher } = inputs;
    const distillation =
      teacher === undefined ? [] : terms.map((term) => rewardTermLoss(term, teacher, student, rho, horizon));
    const totalLoss = addAll([
      tf.mul(consistencyLoss, scalar('consistencyCoef')),
      tf.mul(rewardLoss, scalar('rewardCoef')),
      tf.mul(valueLoss, scalar('valueCoef')),
      ...distillation.map((loss, index) => tf.mul(loss, scalar(`distillationCoef${index}`))),
    ]);
    return {
      value: totalLoss,
      auxiliary: {
        zs: tf.concat(zs, 0),
        consistencyLoss,
        rewardLoss,
        valueLoss,
        totalLoss: tf.clone(totalLoss),
        studentReward: student,
        distillationLosses: distillation.length > 0 ? tf.stack(distillation) : tf.zeros([1]),
      },
    };
  }, trained);
  const distillationLosses = terms.map((_, index) => tf.reshape(tf.slice(auxiliary.distillationLosses, index, 1), []));
  return { ...auxiliary, distillationLosses, gradients };
}
