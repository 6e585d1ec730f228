import { type Hyperparameters } from '../../../shared/configuration.ts';
import { tasks } from '../../../shared/tasks.ts';

/** Number of actuators of each MT30 task. */
export const mt30ActionDims: readonly number[] = tasks.map(({ actionDim }) => actionDim);

/**
 * The discount for episodes of `episodeLength` wrapped steps: (n - 1) / n with n = length / discountDenom, within its bounds.
 * 0.99 for MT30's 500.
 */
export function discountOf(hyperparameters: Hyperparameters, episodeLength: number): number {
  const { discountDenom, discountMin, discountMax } = hyperparameters;
  const n = episodeLength / discountDenom;
  return Math.min(Math.max((n - 1) / n, discountMin), discountMax);
}
