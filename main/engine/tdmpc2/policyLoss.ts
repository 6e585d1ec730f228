import * as tf from '@tensorflow/tfjs';
import { valueAndGradients } from './gradients.ts';
import { updateScale } from './scale.ts';
import { type UpdateSettings } from './settings.ts';
import { asRows, rhoWeights } from './tensors.ts';
import { type UpdateInputs } from './updateBatch.ts';
import { type ScalarOf } from './updateScalars.ts';
import { type Weights } from './weights.ts';
import { pi, qOfPair, repeatContext, taskContext } from './worldModel.ts';

export interface PolicyLoss {
  gradients: tf.Tensor[];
  piLoss: tf.Tensor;
  scale: tf.Tensor;
}

/** The official `update_pi`: the policy's loss on latent states that are constants, with frozen Qs, and its gradients with respect to `trained`. */
export function policyLoss(
  settings: UpdateSettings,
  weights: Weights,
  zs: tf.Tensor,
  inputs: UpdateInputs,
  scalar: ScalarOf,
  scale: tf.Tensor,
  trained: readonly tf.Tensor[],
): PolicyLoss {
  const { horizon, rho, dropout } = settings.hyperparameters;
  const batch = inputs.task.shape[0];
  const frozen = weights.freeze();
  const context = repeatContext(taskContext(settings, frozen, inputs.task), horizon + 1);
  const rowWeights = rhoWeights(rho, horizon + 1, batch);
  const { gradients, auxiliary } = valueAndGradients(() => {
    const { action, logProb } = pi(settings, weights, zs, asRows(inputs.noisePi), context);
    const options = { pair: inputs.pairPi, mask: inputs.maskPi, dropout };
    const q = qOfPair(settings, frozen, zs, action, context, options, 'avg');
    const newScale = updateScale(scale, tf.slice(q, [0, 0], [batch, 1]), scalar('tau'));
    const loss = tf.sub(tf.mul(scalar('entropyCoef'), logProb), tf.div(q, newScale));
    const piLoss = tf.sum(tf.mul(loss, rowWeights));
    return { value: piLoss, auxiliary: { piLoss: tf.clone(piLoss), scale: newScale } };
  }, trained);
  return { ...auxiliary, gradients };
}
