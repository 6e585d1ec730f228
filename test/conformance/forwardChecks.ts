import * as tf from '@tensorflow/tfjs';
import { Weights } from '../../main/engine/tdmpc2/weights.ts';
import { softCrossEntropy, symlog, twoHot, twoHotInv } from '../../main/engine/tdmpc2/math.ts';
import { type Net, taskEmbedding } from '../../main/engine/tdmpc2/parameters.ts';
import { mt30ActionDims } from '../../main/engine/tdmpc2/settings.ts';
import { asRows, stepOf } from '../../main/engine/tdmpc2/tensors.ts';
import {
  encode,
  type ModelSettings,
  next,
  pi,
  qLogits,
  qOfPair,
  renormalisedEmbedding,
  repeatContext,
  reward,
  taskContext,
} from '../../main/engine/tdmpc2/worldModel.ts';
import { tasks } from '../../shared/tasks.ts';
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

/** The weights of a set on the current backend, with the rows `task` of the embedding renormalised. */
export function initialWeights(set: FixtureSet, task: tf.Tensor): Weights {
  const tensors = new Map<string, tf.Tensor>();
  for (const [name, { shape, data }] of set.initialParameters()) tensors.set(name, tf.tensor(data, [...shape]));
  const embedding = tensors.get(taskEmbedding);
  if (embedding !== undefined) tensors.set(taskEmbedding, renormalisedEmbedding(embedding, task));
  return new Weights(tensors, true);
}

export function load(set: FixtureSet, file: string, name: string): tf.Tensor {
  return tf.tensor(set.floats(file, name), [...set.tensor(file, name).shape]);
}

export function loadIntegers(set: FixtureSet, file: string, name: string): tf.Tensor {
  return tf.tensor(set.integers(file, name), [...set.tensor(file, name).shape], 'int32');
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

/** Everything of forward.safetensors. */
export function checkForward(set: FixtureSet): void {
  const file = 'forward';
  const settings = modelSettings(set);
  const { architecture, hyperparameters } = set;
  const tensors = set.tensors(file);
  checkBatch(set, file);
  checkPair(set, file, 'td_qidx');
  for (const name of tensors.keys()) if (name.startsWith('dropout_mask')) checkMask(set, file, name);
  checkSameInputs(set);
  tf.tidy(() => {
    const ours = new Map<string, tf.Tensor>();
    const task = loadIntegers(set, file, 'task');
    const weights = initialWeights(set, task);
    const context = taskContext(settings, weights, task);
    const observe = (net: Net, layer: number, output: tf.Tensor) => {
      ours.set(`layer.${netNames[net] ?? net}.${layer}`, output);
    };
    const mask = (name: string) => (tensors.has(name) ? load(set, file, name) : undefined);
    const { dropout, horizon } = hyperparameters;
    const obs = load(set, file, 'obs');
    const action = stepOf(load(set, file, 'action'), 0);
    const rewards = load(set, file, 'reward');
    if (context.embedding !== undefined) ours.set('task_emb_of_batch', context.embedding);

    const z = encode(settings, weights, stepOf(obs, 0), context, observe);
    ours.set('z0', z);
    const contexts = repeatContext(context, horizon);
    const rest = tf.slice(obs, 1);
    const nextZ = encode(settings, weights, asRows(rest), contexts);
    ours.set('next_z', nextZ);
    ours.set('z1_pred', next(settings, weights, z, action, context, observe));
    const logits = reward(settings, weights, z, action, context, observe);
    ours.set('reward0_logits', logits);
    ours.set('reward0_value', twoHotInv(logits, architecture));
    const q = qLogits(settings, weights, z, action, context, { mask: mask('dropout_mask_q0_logits'), dropout });
    ours.set('q0_logits', q);
    ours.set('q0_values', twoHotInv(asRows(q), architecture));
    const targetMask = mask('dropout_mask_q0_target_logits');
    const options = { target: true, mask: targetMask, dropout };
    ours.set('q0_target_logits', qLogits(settings, weights, z, action, context, options));
    const policy = pi(settings, weights, z, load(set, file, 'pi0_noise'), context, observe);
    ours.set('pi0_mu', policy.mu);
    ours.set('pi0_action', policy.action);
    ours.set('pi0_log_prob', policy.logProb);
    ours.set('pi0_log_std', policy.logStd);

    const nextAction = pi(settings, weights, nextZ, asRows(load(set, file, 'td_noise')), contexts).action;
    const tdOptions = {
      target: true,
      pair: loadIntegers(set, file, 'td_qidx'),
      mask: mask('dropout_mask_td_target'),
      dropout,
    };
    const targetQ = qOfPair(settings, weights, nextZ, nextAction, contexts, tdOptions, 'min');
    ours.set('td_target', tf.add(asRows(rewards), tf.mul(targetQ, set.manifest.config?.discount ?? 0.99)));

    const firstReward = twoHot(stepOf(rewards, 0), architecture);
    ours.set('two_hot_reward0', firstReward);
    ours.set('soft_ce_reward0', softCrossEntropy(logits, firstReward));
    ours.set('R_teacher', twoHotInv(load(set, file, 'teacher_reward_logits'), architecture));
    ours.set('symlog_out', symlog(load(set, file, 'symlog_in')));
    ours.set('two_hot_out', twoHot(load(set, file, 'two_hot_in'), architecture));
    for (const [name, tensor] of ours) if (tensors.has(name)) set.compare(file, name, tensor.dataSync());
    weights.dispose();
  });
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
