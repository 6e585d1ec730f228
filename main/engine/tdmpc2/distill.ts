import * as tf from '@tensorflow/tfjs';
import { type DistillationTerm } from '../../../shared/configuration.ts';
import { DecantError } from '../../../shared/errors.ts';
import { addAll } from './tensors.ts';

/** Refuses what this version does not contain. Errors: NOT_BUILT for a latent target. */
export function checkTerms(terms: readonly DistillationTerm[]): void {
  for (const { target } of terms)
    if (target !== 'reward')
      throw new DecantError('NOT_BUILT', `distillation target "${target}" does not exist yet; "reward" does`);
}

/** Steps of the horizon for which a batch must carry teacher rewards: 0 without distillation, 1, or all. */
export function labelledSteps(terms: readonly DistillationTerm[], horizon: number): number {
  if (terms.length === 0) return 0;
  return terms.some(({ steps }) => steps === 'all') ? horizon : 1;
}

/**
 * The raw loss of one term: the squared difference of the rewards that teacher and student predict, each from its own encoding.
 * With "first" its mean over the batch at the first step; with "all" the mean over batch and horizon, step t weighted by rho^t as
 * the other losses are.
 * @param teacher [1 or H, B, 1]. @param student [H, B, 1], differentiable. Returns a scalar.
 */
export function rewardTermLoss(
  term: DistillationTerm,
  teacher: tf.Tensor,
  student: tf.Tensor,
  rho: number,
  horizon: number,
): tf.Tensor {
  const steps = term.steps === 'all' ? horizon : 1;
  const [, batch = 0] = student.shape;
  const part = (tensor: tf.Tensor, step: number) => tf.slice(tensor, [step, 0, 0], [1, batch, 1]);
  const losses = Array.from({ length: steps }, (_, step) => {
    const mean = tf.mean(tf.square(tf.sub(part(student, step), part(teacher, step))));
    return tf.mul(mean, rho ** step / steps);
  });
  return addAll(losses);
}
