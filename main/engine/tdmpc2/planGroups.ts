import * as tf from '@tensorflow/tfjs';
import { type PlanSettings } from './planSettings.ts';
import {
  estimateValue,
  joinRows,
  planRows,
  type PlanRows,
  rollOut,
  type RolledOut,
  type ValueDraws,
} from './planValues.ts';
import { type Weights } from './weights.ts';
import { type TaskContext } from './worldModel.ts';

/** Environments whose candidates go through the nets together, from environment `first` on. */
export interface PlanGroup {
  first: number;
  environments: number;
  /** Their samples' rows. */
  samples: PlanRows;
  /** Of all their candidates. */
  context: TaskContext;
  /** Their policy trajectories, which are candidates of every iteration and are followed once. */
  policy: RolledOut;
}

/** Entries `first` to `first + count` of an axis. */
function range(tensor: tf.Tensor, axis: number, first: number, count: number): tf.Tensor {
  if (first === 0 && count === tensor.shape[axis]) return tensor;
  const begin = tensor.shape.map((_, index) => (index === axis ? first : 0));
  const size = tensor.shape.map((whole, index) => (index === axis ? count : whole));
  return tf.slice(tensor, begin, size);
}

/**
 * The environments in groups of `settings.groupSize`. With more than two Qs each environment is a group: its rows go through its own
 * pair, as many products as in single plans and not numQ / 2 times them.
 * @param z [E, latentDim]. @param policyRows of all policy trajectories. @param policyActions [H, E * numPiTrajs, actionDim].
 */
export function planGroups(
  settings: PlanSettings,
  weights: Weights,
  z: tf.Tensor,
  context: TaskContext,
  policyRows: PlanRows,
  policyActions: tf.Tensor,
): PlanGroup[] {
  const { numSamples, numPiTrajs } = settings.planner;
  const total = z.shape[0];
  const size = settings.architecture.numQ === 2 ? Math.min(settings.groupSize ?? total, total) : 1;
  const followed = rollOut(settings, weights, policyRows, policyActions);
  return Array.from({ length: Math.ceil(total / size) }, (_, index) => {
    const first = index * size;
    const environments = Math.min(size, total - first);
    const ownZ = range(z, 0, first, environments);
    const ownContext = context.of(range(context.task, 0, first, environments));
    const policy = (tensor: tf.Tensor) => range(tensor, 0, first * numPiTrajs, environments * numPiTrajs);
    return {
      first,
      environments,
      samples: planRows(ownZ, ownContext, numSamples - numPiTrajs),
      context: planRows(ownZ, ownContext, numSamples).context,
      policy: { rewards: policy(followed.rewards), z: policy(followed.z) },
    };
  });
}

/** Values of all candidates, policy trajectories first: [E, numSamples]. @param samples actions [H, E * samples, actionDim]. */
export function estimateValues(
  settings: PlanSettings,
  weights: Weights,
  groups: readonly PlanGroup[],
  samples: tf.Tensor,
  draws: ValueDraws,
): tf.Tensor {
  const values = groups.map(({ first, environments, policy, ...group }) => {
    const { perEnvironment } = group.samples;
    const actions = range(samples, 1, first * perEnvironment, environments * perEnvironment);
    const sampled = rollOut(settings, weights, group.samples, actions);
    const all = {
      rewards: joinRows(policy.rewards, sampled.rewards, environments),
      z: joinRows(policy.z, sampled.z, environments),
    };
    return estimateValue(settings, weights, all, group.context, {
      noise: range(draws.noise, 0, first, environments),
      pair: range(draws.pair, 0, first, environments),
      mask: draws.mask === undefined ? undefined : range(draws.mask, 1, first, environments),
    });
  });
  return values.length === 1 && values[0] !== undefined ? values[0] : tf.concat(values, 0);
}
