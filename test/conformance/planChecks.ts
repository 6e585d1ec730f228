import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type Backend } from '../../main/engine/compute/program.ts';
import { candidates, initialDistribution, refine } from '../../main/engine/tdmpc2/planElites.ts';
import { chooseAction, chooseElite, createPlanner } from '../../main/engine/tdmpc2/planner.ts';
import { type PlanRandomness } from '../../main/engine/tdmpc2/planRandomness.ts';
import { defaultPlanner, type PlanSettings } from '../../main/engine/tdmpc2/planSettings.ts';
import { estimateValue, planRows, policyTrajectories } from '../../main/engine/tdmpc2/planValues.ts';
import { stepOf } from '../../main/engine/tdmpc2/tensors.ts';
import { encode, taskContext } from '../../main/engine/tdmpc2/worldModel.ts';
import { tasks } from '../../shared/tasks.ts';
import { type FixtureSet } from './fixtureSet.ts';
import { checkPair, initialWeights, load, loadIntegers, modelSettings } from './forwardChecks.ts';
import { deviationOf, magnitude, numbersOf } from './numbers.ts';

const file = 'mppi';

interface Plan {
  /** `<task>.plan<number>` */
  name: string;
  task: number;
  t0: boolean;
  evalMode: boolean;
}

function plansOf(set: FixtureSet): Plan[] {
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

function valueMask(set: FixtureSet, plan: Plan): Uint8Array | undefined {
  const name = `${plan.name}.dropout_mask_value_packed`;
  return set.tensors(file).has(name) ? unpackBits(set.floats(file, name)) : undefined;
}

function settingsOf(set: FixtureSet): PlanSettings {
  return {
    ...modelSettings(set),
    planner: { ...defaultPlanner, horizon: set.hyperparameters.horizon },
    discount: set.manifest.config?.discount ?? 0.99,
    dropout: set.hyperparameters.dropout,
  };
}

/** Planning, each iteration from the recorded inputs of it. */
export async function checkPlans(set: FixtureSet, backend: Backend): Promise<void> {
  for (const plan of plansOf(set)) {
    checkRecorded(set, plan);
    tf.tidy(() => checkIterations(set, plan));
    checkAction(set, plan);
  }
  await freeRun(set, backend);
}

/** What the recorded tensors must be among themselves. */
function checkRecorded(set: FixtureSet, { name, task, t0 }: Plan): void {
  const width = set.architecture.obsDim;
  const dim = tasks[task]?.observationDim ?? 0;
  const padding = set.floats(file, `${name}.obs`).subarray(dim, width);
  set.expect(
    file,
    `${name}.obs`,
    'padding',
    padding.every((value) => value === 0),
    'a padded entry is not 0',
  );
  if (set.tensors(file).has(`${name}.qidx_value`)) checkPair(set, file, `${name}.qidx_value`);
  const uniform = Number(numbersOf(set.tensor(file, `${name}.choice_uniform`))[0]);
  set.expect(file, `${name}.choice_uniform`, 'range', uniform >= 0 && uniform < 1, 'must be in [0, 1)');
  if (t0) return;
  const before = name.replace(/\d+$/, (number) => String(Number(number) - 1));
  if (!set.tensors(file).has(`${before}.mean`)) return;
  const means = set.floats(file, `${before}.mean`);
  const previous = set.floats(file, `${name}.prev_mean`);
  set.markJudged(file, `${name}.prev_mean`);
  const deviation = deviationOf(previous, means.subarray(means.length - previous.length));
  set.report.check(
    `${set.name}/${file}`,
    `${name}.prev_mean equals the last mean of ${before}`,
    deviation,
    0,
    'a copy',
  );
}

function checkPart(set: FixtureSet, tensor: string, part: string, ours: tf.Tensor, theirs: tf.Tensor): void {
  const deviation = deviationOf(ours.dataSync(), theirs.dataSync());
  set.report.check(`${set.name}/${file}`, `${tensor}${part}`, deviation, set.bound(file, tensor));
}

function checkIterations(set: FixtureSet, plan: Plan): void {
  const settings = settingsOf(set);
  const { numElites, iterations } = settings.planner;
  const name = (part: string) => `${plan.name}.${part}`;
  const recorded = (part: string) => load(set, file, name(part));
  const task = tf.tensor1d([plan.task], 'int32');
  const weights = initialWeights(set, task);
  const context = taskContext(settings, weights, task);
  const z0 = encode(settings, weights, tf.expandDims(recorded('obs'), 0), context);
  set.compare(file, name('z'), z0.dataSync());
  const { numPiTrajs, numSamples, horizon } = settings.planner;
  const piRows = planRows(z0, context, numPiTrajs);
  const trajectories = policyTrajectories(settings, weights, piRows, recorded('noise_pi_trajs'));
  set.compare(file, name('pi_actions_masked_iter0'), trajectories.dataSync());

  const piActions = recorded('pi_actions_masked_iter0');
  const hasPairs = set.tensors(file).has(name('qidx_value'));
  const pairs = hasPairs
    ? loadIntegers(set, file, name('qidx_value'))
    : tf.tile(tf.tensor2d([[0, 1]], [1, 2], 'int32'), [iterations, 1]);
  const { numQ, mlpDim, actionDim } = set.architecture;
  const maskBits = valueMask(set, plan);
  const masks =
    maskBits === undefined ? undefined : tf.tensor(maskBits, [iterations, numQ, numSamples, mlpDim], 'float32');
  const means = recorded('mean');
  const stds = recorded('std');
  const values = recorded('values');
  const elites = loadIntegers(set, file, name('elite_idxs'));
  const rows = planRows(z0, context, numSamples);
  const previousMean = plan.t0 ? tf.zeros([horizon, actionDim]) : recorded('prev_mean');
  // What is recorded is of one environment.
  const oneEnvironment = (tensor: tf.Tensor, axis: number) => tf.expandDims(tensor, axis);
  let distribution = initialDistribution(settings, oneEnvironment(previousMean, 0));
  for (let iteration = 0; iteration < iterations; iteration++) {
    const noise = stepOf(recorded('noise_samples'), iteration);
    const actions = candidates(piActions, distribution, oneEnvironment(noise, 1), context.actionMask);
    const draws = {
      noise: oneEnvironment(stepOf(recorded('noise_value_pi'), iteration), 0),
      pair: oneEnvironment(stepOf(pairs, iteration), 0),
      mask: masks === undefined ? undefined : oneEnvironment(stepOf(masks, iteration), 1),
    };
    const ours = estimateValue(settings, weights, rows, actions, draws);
    const theirs = stepOf(values, iteration);
    checkPart(set, name('values'), `[${iteration}]`, ours, theirs);
    const indices = stepOf(elites, iteration);
    checkElites(set, plan, iteration, ours.dataSync(), theirs.dataSync(), indices.dataSync());
    const eliteActions = tf.gather(actions, indices, 1);
    const eliteValues = tf.reshape(tf.gather(theirs, indices), [1, -1]);
    const elitesOfOne = { values: eliteValues, actions: oneEnvironment(eliteActions, 1) };
    const refined = refine(settings, elitesOfOne, context.actionMask);
    checkPart(set, name('mean'), `[${iteration}]`, refined.mean, stepOf(means, iteration));
    checkPart(set, name('std'), `[${iteration}]`, refined.std, stepOf(stds, iteration));
    if (iteration === iterations - 1) {
      set.compare(file, name('final_score'), refined.score.dataSync());
      set.compare(file, name('final_elite_actions'), eliteActions.dataSync());
    }
    const recordedOf = (tensor: tf.Tensor) => oneEnvironment(stepOf(tensor, iteration), 1);
    distribution = { mean: recordedOf(means), std: recordedOf(stds) };
  }
  if (numElites !== elites.shape[1]) set.report.fail(name('elite_idxs'), `should be ${numElites} an iteration`);
  const judged = ['values', 'mean', 'std', 'elite_idxs', 'noise_samples', 'noise_value_pi', 'noise_pi_trajs'];
  for (const part of [...judged, ...(maskBits === undefined ? [] : ['dropout_mask_value_packed'])])
    set.markJudged(file, name(part));
  weights.dispose();
}

/** Recorded elites are the best of the recorded values, best first, and ours too but for what lies within the bound of our last. */
function checkElites(
  set: FixtureSet,
  plan: Plan,
  iteration: number,
  ours: ArrayLike<number>,
  theirs: ArrayLike<number>,
  indices: ArrayLike<number>,
): void {
  const tensor = `${plan.name}.elite_idxs`;
  const chosen = Array.from(indices);
  const bound = set.bound(file, `${plan.name}.values`);
  const last = Array.from(ours).sort((a, b) => b - a)[chosen.length - 1] ?? Infinity;
  const missing = Math.max(...chosen.map((index) => last - (ours[index] ?? -Infinity)));
  set.report.check(`${set.name}/${file}`, `${tensor}[${iteration}] below our last elite`, Math.max(missing, 0), bound);
  const sorted = Array.from(theirs).sort((a, b) => b - a);
  const order = chosen.map((index, rank) => Math.abs((theirs[index] ?? Number.NaN) - (sorted[rank] ?? Number.NaN)));
  const distinct = new Set(chosen).size === chosen.length;
  const reason = 'recorded indices against recorded values';
  const deviation = distinct ? magnitude(order) : Infinity;
  set.report.check(`${set.name}/${file}`, `${tensor}[${iteration}] order`, deviation, 0, reason);
}

function checkAction(set: FixtureSet, plan: Plan): void {
  const name = (part: string) => `${plan.name}.${part}`;
  const uniform = Number(numbersOf(set.tensor(file, name('choice_uniform')))[0]);
  const elite = chooseElite(set.floats(file, name('final_score')), uniform);
  const { actionDim } = set.architecture;
  const stds = set.floats(file, name('std'));
  const lastStd = stds.subarray(stds.length - set.hyperparameters.horizon * actionDim);
  const noise = plan.evalMode ? undefined : set.floats(file, name('noise_final'));
  const action = chooseAction(set.floats(file, name('final_elite_actions')), elite, lastStd, actionDim, noise);
  set.compare(file, name('action'), action);
  if (set.tensors(file).has(name('noise_final'))) set.markJudged(file, name('noise_final'));
}

/** The action that the whole planner reaches by itself: near-ties make correct programs differ, so it is only printed. */
async function freeRun(set: FixtureSet, backend: Backend): Promise<void> {
  const { architecture, hyperparameters } = set;
  const { discount, dropout, planner: parameters } = settingsOf(set);
  const { logStdMin, logStdMax } = hyperparameters;
  const planner = createPlanner({
    architecture,
    backend,
    discount,
    dropout,
    logStdMin,
    logStdMax,
    planner: parameters,
  });
  planner.load(set.initialParameters());
  for (const plan of plansOf(set)) {
    const name = (part: string) => `${plan.name}.${part}`;
    const floats = (part: string) => set.floats(file, name(part));
    const randomness: PlanRandomness = {
      noisePiTrajs: floats('noise_pi_trajs'),
      noiseSamples: floats('noise_samples'),
      noiseValuePi: floats('noise_value_pi'),
      pairValue: set.tensors(file).has(name('qidx_value'))
        ? set.integers(file, name('qidx_value'))
        : Int32Array.from({ length: 2 * parameters.iterations }, (_, index) => index % 2),
      maskValue: valueMask(set, plan),
      choiceUniform: Number(numbersOf(set.tensor(file, name('choice_uniform')))[0]),
      noiseFinal: plan.evalMode ? new Float32Array(architecture.actionDim) : floats('noise_final'),
    };
    if (plan.t0) planner.reset();
    const request = { obs: floats('obs'), task: plan.task, randomness };
    const [action = new Float32Array()] = await planner.act([request], plan.evalMode);
    const deviation = deviationOf(action, floats('action'));
    set.report.note(`${set.name}/${file} ${plan.name}: free-running action deviates ${deviation.toExponential(2)}`);
  }
  planner.dispose();
}
