import { type Backend, type Outputs } from '../../main/engine/compute/program.ts';
import { chooseAction, chooseElite, createPlanner } from '../../main/engine/tdmpc2/planner.ts';
import { type PlanRandomness } from '../../main/engine/tdmpc2/planRandomness.ts';
import { tasks } from '../../shared/tasks.ts';
import { compileOn } from './evaluate.ts';
import { type FixtureSet } from './fixtureSet.ts';
import { checkPair } from './forwardChecks.ts';
import { deviationOf, magnitude, numbersOf } from './numbers.ts';
import {
  iterationInputs,
  iterationsComputation,
  type Plan,
  planFile as file,
  plansOf,
  settingsOf,
  valueMask,
} from './planIterations.ts';

/** Planning, each iteration from the recorded inputs of it. */
export async function checkPlans(set: FixtureSet, backend: Backend): Promise<void> {
  const evaluation = compileOn(backend, 'plan-iterations', iterationsComputation(set), set.initialParameters());
  try {
    for (const plan of plansOf(set)) {
      checkRecorded(set, plan);
      checkIterations(set, plan, await evaluation.run(iterationInputs(set, plan)));
      checkAction(set, plan);
    }
  } finally {
    evaluation.dispose();
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

function checkIterations(set: FixtureSet, plan: Plan, results: Outputs): void {
  const { numElites, iterations } = settingsOf(set).planner;
  const name = (part: string) => `${plan.name}.${part}`;
  const ours = (part: string) => results.get(part) ?? new Float32Array();
  for (const part of ['z', 'pi_actions_masked_iter0', 'final_score', 'final_elite_actions'])
    set.compare(file, name(part), ours(part));
  const elites = set.integers(file, name('elite_idxs'));
  for (let iteration = 0; iteration < iterations; iteration++) {
    const recorded = (values: Float32Array | Int32Array) => {
      const size = values.length / iterations;
      return values.subarray(iteration * size, (iteration + 1) * size);
    };
    for (const part of ['values', 'mean', 'std']) {
      const found = ours(`${part}[${iteration}]`);
      const deviation = deviationOf(found, recorded(set.floats(file, name(part))));
      set.report.check(`${set.name}/${file}`, `${name(part)}[${iteration}]`, deviation, set.bound(file, name(part)));
    }
    const values = recorded(set.floats(file, name('values')));
    checkElites(set, plan, iteration, ours(`values[${iteration}]`), values, recorded(elites));
  }
  if (set.tensor(file, name('elite_idxs')).shape[1] !== numElites)
    set.report.fail(name('elite_idxs'), `should be ${numElites} an iteration`);
  const judged = ['values', 'mean', 'std', 'elite_idxs', 'noise_samples', 'noise_value_pi', 'noise_pi_trajs'];
  if (valueMask(set, plan) !== undefined) judged.push('dropout_mask_value_packed');
  for (const part of judged) set.markJudged(file, name(part));
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
