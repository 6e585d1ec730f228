import * as tf from '@tensorflow/tfjs';
import { type Backend } from '../../main/engine/compute/program.ts';
import { Weights } from '../../main/engine/tdmpc2/weights.ts';
import { softCrossEntropy, symlog, twoHot, twoHotInv } from '../../main/engine/tdmpc2/math.ts';
import { type Net } from '../../main/engine/tdmpc2/parameters.ts';
import { mt30ActionDims } from '../../main/engine/tdmpc2/settings.ts';
import { asRows, requireTensor, stepOf } from '../../main/engine/tdmpc2/tensors.ts';
import {
  encode,
  type ModelSettings,
  next,
  pi,
  qLogits,
  qOfPair,
  renormalised,
  repeatContext,
  reward,
  taskContext,
} from '../../main/engine/tdmpc2/worldModel.ts';
import { tasks } from '../../shared/tasks.ts';
import { type Computation, evaluateOn, recordedInputs } from './evaluate.ts';
import { type FixtureSet } from './fixtureSet.ts';
import { deviationOf, numbersOf } from './numbers.ts';

export function modelSettings(set: FixtureSet): ModelSettings {
  const { logStdMin, logStdMax } = set.hyperparameters;
  return {
    architecture: set.architecture,
    actionDims: mt30ActionDims,
    logStdMin,
    logStdMax,
    unscaledLogProbability: false,
  };
}

const netNames: Partial<Record<Net, string>> = {
  '_encoder.state': 'encoder',
  _dynamics: 'dynamics',
  _reward: 'reward',
  _pi: 'pi',
};

/** Padded entries of observations and actions are 0; tasks exist. */
export function checkBatch(set: FixtureSet, file: string): void {
  const task = set.integers(file, 'task');
  const known = task.every((index) => index >= 0 && index < tasks.length);
  set.expect(file, 'task', 'indices', known, 'a task is not of MT30');
  for (const [name, dimsOf] of [
    ['obs', (index: number) => tasks[index]?.observationDim ?? 0],
    ['action', (index: number) => tasks[index]?.actionDim ?? 0],
  ] as const) {
    const { shape } = set.tensor(file, name);
    const width = shape[2] ?? 0;
    const padding = [...set.floats(file, name)].filter((_, entry) => {
      const row = Math.floor(entry / width) % task.length;
      return entry % width >= dimsOf(task[row] ?? 0);
    });
    set.expect(
      file,
      name,
      'padding',
      padding.every((value) => value === 0),
      'a padded entry is not 0',
    );
  }
}

export function checkPair(set: FixtureSet, file: string, name: string): void {
  const values = [...set.integers(file, name)];
  const pairs = Array.from({ length: values.length / 2 }, (_, index) => [values[2 * index], values[2 * index + 1]]);
  const good = pairs.every(
    ([a = -1, b = -1]) => a !== b && Math.min(a, b) >= 0 && Math.max(a, b) < set.architecture.numQ,
  );
  set.expect(file, name, 'pair', good, 'must be two different Qs');
}

export function checkMask(set: FixtureSet, file: string, name: string): void {
  const good = [...set.floats(file, name)].every((value) => value === 0 || value === 1);
  set.expect(file, name, 'mask', good, 'must be 0 or 1');
}

/** What forward.safetensors holds the results of, from its inputs. */
function forwardComputation(set: FixtureSet): Computation {
  const settings = modelSettings(set);
  const { architecture } = set;
  const { dropout, horizon } = set.hyperparameters;
  const discount = set.manifest.config?.discount ?? 0.99;
  return (inputs, parameters) => {
    const ours = new Map<string, tf.Tensor>();
    const input = (name: string) => requireTensor(inputs, name);
    const task = input('task');
    const weights = new Weights(renormalised(parameters, task), true);
    const context = taskContext(settings, weights, task);
    const observe = (net: Net, layer: number, output: tf.Tensor) => {
      ours.set(`layer.${netNames[net] ?? net}.${layer}`, output);
    };
    const action = stepOf(input('action'), 0);
    if (context.embedding !== undefined) ours.set('task_emb_of_batch', context.embedding);

    const z = encode(settings, weights, stepOf(input('obs'), 0), context, observe);
    ours.set('z0', z);
    const contexts = repeatContext(context, horizon);
    const nextZ = encode(settings, weights, asRows(tf.slice(input('obs'), 1)), contexts);
    ours.set('next_z', nextZ);
    ours.set('z1_pred', next(settings, weights, z, action, context, observe));
    const logits = reward(settings, weights, z, action, context, observe);
    ours.set('reward0_logits', logits);
    ours.set('reward0_value', twoHotInv(logits, architecture));
    const online = { mask: inputs.get('dropout_mask_q0_logits'), dropout };
    const q = qLogits(settings, weights, z, action, context, online);
    ours.set('q0_logits', q);
    ours.set('q0_values', twoHotInv(asRows(q), architecture));
    const target = { target: true, mask: inputs.get('dropout_mask_q0_target_logits'), dropout };
    ours.set('q0_target_logits', qLogits(settings, weights, z, action, context, target));
    const policy = pi(settings, weights, z, input('pi0_noise'), context, observe);
    ours.set('pi0_mu', policy.mu);
    ours.set('pi0_action', policy.action);
    ours.set('pi0_log_prob', policy.logProb);
    ours.set('pi0_log_std', policy.logStd);

    const nextAction = pi(settings, weights, nextZ, asRows(input('td_noise')), contexts).action;
    const ofTarget = { target: true, pair: input('td_qidx'), mask: inputs.get('dropout_mask_td_target'), dropout };
    const targetQ = qOfPair(settings, weights, nextZ, nextAction, contexts, ofTarget, 'min');
    ours.set('td_target', tf.add(asRows(input('reward')), tf.mul(targetQ, discount)));

    const firstReward = twoHot(stepOf(input('reward'), 0), architecture);
    ours.set('two_hot_reward0', firstReward);
    ours.set('soft_ce_reward0', softCrossEntropy(logits, firstReward));
    ours.set('R_teacher', twoHotInv(input('teacher_reward_logits'), architecture));
    ours.set('symlog_out', symlog(input('symlog_in')));
    ours.set('two_hot_out', twoHot(input('two_hot_in'), architecture));
    weights.dispose();
    return ours;
  };
}

const forwardInputs = ['task', 'obs', 'action', 'reward', 'pi0_noise', 'td_noise', 'td_qidx', 'teacher_reward_logits']
  .concat(['symlog_in', 'two_hot_in'])
  .concat(['dropout_mask_q0_logits', 'dropout_mask_q0_target_logits', 'dropout_mask_td_target']);

/** Everything of forward.safetensors. */
export async function checkForward(set: FixtureSet, backend: Backend): Promise<void> {
  const file = 'forward';
  const tensors = set.tensors(file);
  checkBatch(set, file);
  checkPair(set, file, 'td_qidx');
  for (const name of tensors.keys()) if (name.startsWith('dropout_mask')) checkMask(set, file, name);
  checkSameInputs(set);
  const inputs = recordedInputs(set, file, forwardInputs);
  const ours = await evaluateOn(backend, file, forwardComputation(set), inputs, set.initialParameters());
  for (const [name, values] of ours) if (tensors.has(name)) set.compare(file, name, values);
  // These act on the outputs that were compared.
  for (const name of ['pi0_noise', 'td_noise', 'symlog_in']) set.markJudged(file, name);
}

/** The batch of forward is that of the first update, and the two lists of sample values are one. */
function checkSameInputs(set: FixtureSet): void {
  const same = (name: string, otherFile: string, otherName: string) => {
    const deviation = deviationOf(numbersOf(set.tensor('forward', name)), numbersOf(set.tensor(otherFile, otherName)));
    set.markJudged('forward', name);
    set.report.check(`${set.name}/forward`, `${name} equals ${otherFile} ${otherName}`, deviation, 0, 'the same input');
  };
  if (set.has('update0_inputs'))
    for (const name of ['obs', 'action', 'reward', 'task', 'teacher_reward_logits']) same(name, 'update0_inputs', name);
  else for (const name of ['obs', 'action', 'reward', 'task', 'teacher_reward_logits']) set.markJudged('forward', name);
  same('two_hot_in', 'forward', 'symlog_in');
}
