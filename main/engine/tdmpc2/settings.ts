import { type DistillationTerm } from '../../../shared/configuration.ts';
import { type Corrections, type Hyperparameters } from '../../../shared/hyperparameters.ts';
import { tasks } from '../../../shared/tasks.ts';
import { type ModelSettings } from './worldModel.ts';

/** What an update is besides its state, its batch and the scalars that may change. */
export interface UpdateSettings extends ModelSettings {
  hyperparameters: Hyperparameters;
  corrections: Corrections;
  terms: readonly DistillationTerm[];
  discount: number;
  /** Also outputs every gradient before clipping, and the clipped policy gradients, for tests. */
  outputGradients?: boolean;
}

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
