import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { candidates, initialDistribution, refine, sampleActions } from '../../main/engine/tdmpc2/planElites.ts';
import { estimateValues, planGroups } from '../../main/engine/tdmpc2/planGroups.ts';
import { defaultPlanner, type PlanSettings } from '../../main/engine/tdmpc2/planSettings.ts';
import { planRows, policyTrajectories } from '../../main/engine/tdmpc2/planValues.ts';
import { requireTensor, stepOf } from '../../main/engine/tdmpc2/tensors.ts';
import { Weights } from '../../main/engine/tdmpc2/weights.ts';
import { encode, renormalised, taskContext } from '../../main/engine/tdmpc2/worldModel.ts';
import { floatTensor, type TensorMap } from '../../shared/tensor.ts';
import { type Computation, recordedInputs } from './evaluate.ts';
import { type FixtureSet } from './fixtureSet.ts';
import { modelSettings } from './forwardChecks.ts';

export const planFile = 'mppi';
const file = planFile;

export interface Plan {
  /** `<task>.plan<number>` */
  name: string;
  task: number;
  t0: boolean;
  evalMode: boolean;
}

export function plansOf(set: FixtureSet): Plan[] {
  const names = [...set.tensors(file).keys()].map((name) => name.replace(/\.[^.]+$/, ''));
  return [...new Set(names)].sort().map((name) => ({
    name,
    task: z.number().parse(set.manifest[`${name}.task`]),
    t0: z.boolean().parse(set.manifest[`${name}.t0`]),
    evalMode: z.boolean().parse(set.manifest[`${name}.eval_mode`]),
  }));
}

/** Bits, most significant first, as 0 and 1. */
function unpackBits(bytes: Float32Array): Uint8Array {
  return Uint8Array.from({ length: bytes.length * 8 }, (_, bit) => ((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1);
}

export function valueMask(set: FixtureSet, plan: Plan): Uint8Array | undefined {
  const name = `${plan.name}.dropout_mask_value_packed`;
  return set.tensors(file).has(name) ? unpackBits(set.floats(file, name)) : undefined;
}

export function settingsOf(set: FixtureSet): PlanSettings {
  return {
    ...modelSettings(set),
    planner: { ...defaultPlanner, horizon: set.hyperparameters.horizon },
    discount: set.manifest.config?.discount ?? 0.99,
    dropout: set.hyperparameters.dropout,
  };
}

const recordedOfPlan = ['noise_pi_trajs', 'pi_actions_masked_iter0', 'noise_samples', 'noise_value_pi'].concat([
  'mean',
  'std',
  'values',
  'elite_idxs',
  'qidx_value',
]);

/** What the iterations of a plan are given. */
export function iterationInputs(set: FixtureSet, plan: Plan): TensorMap {
  const { planner } = settingsOf(set);
  const { numQ, mlpDim, actionDim, obsDim } = set.architecture;
  const name = (part: string) => `${plan.name}.${part}`;
  const inputs = recordedInputs(set, file, recordedOfPlan, name);
  inputs.set('task', { dtype: 'int32', shape: [1], data: Int32Array.of(plan.task) });
  inputs.set('obs', floatTensor([1, obsDim], set.floats(file, name('obs'))));
  const previous = plan.t0 ? undefined : set.floats(file, name('prev_mean'));
  inputs.set('prev_mean', floatTensor([1, planner.horizon, actionDim], previous));
  if (!inputs.has('qidx_value')) {
    const data = Int32Array.from({ length: 2 * planner.iterations }, (_, index) => index % 2);
    inputs.set('qidx_value', { dtype: 'int32', shape: [planner.iterations, 2], data });
  }
  const mask = valueMask(set, plan);
  const maskShape = [planner.iterations, numQ, planner.numSamples, mlpDim];
  if (mask !== undefined) inputs.set('mask', { dtype: 'uint8', shape: maskShape, data: mask });
  return inputs;
}

/** What is compared of a plan; that of an iteration as `<name>[<iteration>]`. */
export function iterationsComputation(set: FixtureSet): Computation {
  const settings = settingsOf(set);
  const { iterations, numPiTrajs } = settings.planner;
  // What is recorded is of one environment.
  const oneEnvironment = (tensor: tf.Tensor, axis: number) => tf.expandDims(tensor, axis);
  return (inputs, parameters) => {
    const ours = new Map<string, tf.Tensor>();
    const input = (name: string) => requireTensor(inputs, name);
    const task = input('task');
    const weights = new Weights(renormalised(parameters, task), true);
    const context = taskContext(settings, weights, task);
    const z0 = encode(settings, weights, input('obs'), context);
    ours.set('z', z0);
    const piRows = planRows(z0, context, numPiTrajs);
    const trajectories = policyTrajectories(settings, weights, piRows, input('noise_pi_trajs'));
    ours.set('pi_actions_masked_iter0', trajectories);
    const policyActions = input('pi_actions_masked_iter0');
    const groups = planGroups(settings, weights, z0, context, piRows, policyActions);
    const masks = inputs.get('mask');
    let distribution = initialDistribution(settings, input('prev_mean'));
    for (let iteration = 0; iteration < iterations; iteration++) {
      const recorded = (name: string) => stepOf(input(name), iteration);
      const noise = oneEnvironment(recorded('noise_samples'), 1);
      const samples = sampleActions(distribution, noise, context.actionMask);
      const draws = {
        noise: oneEnvironment(recorded('noise_value_pi'), 0),
        pair: oneEnvironment(recorded('qidx_value'), 0),
        mask: masks === undefined ? undefined : oneEnvironment(stepOf(masks, iteration), 1),
      };
      ours.set(`values[${iteration}]`, estimateValues(settings, weights, groups, samples, draws));
      const indices = recorded('elite_idxs');
      const eliteActions = tf.gather(candidates(policyActions, samples, 1), indices, 1);
      const eliteValues = tf.reshape(tf.gather(recorded('values'), indices), [1, -1]);
      const elites = { values: eliteValues, actions: oneEnvironment(eliteActions, 1) };
      const { mean, std, score } = refine(settings, elites, context.actionMask);
      ours.set(`mean[${iteration}]`, mean);
      ours.set(`std[${iteration}]`, std);
      if (iteration === iterations - 1) ours.set('final_score', score).set('final_elite_actions', eliteActions);
      distribution = { mean: oneEnvironment(recorded('mean'), 1), std: oneEnvironment(recorded('std'), 1) };
    }
    weights.dispose();
    return ours;
  };
}
