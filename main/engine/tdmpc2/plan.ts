import { type Architecture } from '../../../shared/architecture.ts';
import { type Program } from '../compute/program.ts';
import { parameterSpecifications } from './parameters.ts';
import {
  type ActionDistribution,
  candidates,
  exchangeAxes,
  initialDistribution,
  refine,
  sampleActions,
  selectElites,
} from './planElites.ts';
import { estimateValues, planGroups } from './planGroups.ts';
import { type PlanSettings } from './planSettings.ts';
import { planRows, policyTrajectories } from './planValues.ts';
import { type NamedTensors, requireTensor, stepOf } from './tensors.ts';
import { Weights } from './weights.ts';
import { encode, renormalised, taskContext } from './worldModel.ts';

/** The parameters that planning reads: all but the target Qs. */
function planParameters(architecture: Architecture): string[] {
  const names = parameterSpecifications(architecture).map(({ name }) => name);
  return names.filter((name) => !name.startsWith('_target_Qs.'));
}

/**
 * MPPI for E environments at once as a program; each environment's plan is what it would be alone. State: the parameters. Batch:
 * obs [E, obsDim], task int32 [E], previousMean [E, H, actionDim] (zeros at the start of an episode), noisePiTrajs
 * [H, E, numPiTrajs, actionDim], noiseSamples [iterations, H, E, numSamples - numPiTrajs, actionDim], noiseValuePi
 * [iterations, E, numSamples, actionDim], pairValue int32 [iterations, E, 2], with dropout the keep mask maskValue
 * [iterations, numQ, E, numSamples, mlpDim] of 0 and 1.
 * Outputs: score [E, numElites], eliteActions [H, E, numElites, actionDim], mean and std [E, H, actionDim] of the last iteration.
 * The action is chosen from them by `chooseAction`.
 */
export function planProgram(settings: PlanSettings): Program {
  const { iterations, numPiTrajs } = settings.planner;
  function run(state: NamedTensors, batch: NamedTensors) {
    const input = (name: string) => requireTensor(batch, name);
    const task = input('task');
    const weights = new Weights(renormalised(state, task), true);
    const context = taskContext(settings, weights, task);
    const { actionMask } = context;
    const z = encode(settings, weights, input('obs'), context);
    const policyRows = planRows(z, context, numPiTrajs);
    const policyActions = policyTrajectories(settings, weights, policyRows, input('noisePiTrajs'));
    const groups = planGroups(settings, weights, z, context, policyRows, policyActions);
    function iterate(iteration: number, distribution: ActionDistribution) {
      const of = (name: string) => stepOf(input(name), iteration);
      const samples = sampleActions(distribution, of('noiseSamples'), actionMask);
      const mask = settings.dropout > 0 ? of('maskValue') : undefined;
      const draws = { noise: of('noiseValuePi'), pair: of('pairValue'), mask };
      const values = estimateValues(settings, weights, groups, samples, draws);
      const elites = selectElites(settings, values, candidates(policyActions, samples, z.shape[0]));
      return { elites, ...refine(settings, elites, actionMask) };
    }
    let plan = iterate(0, initialDistribution(settings, input('previousMean')));
    for (let iteration = 1; iteration < iterations; iteration++) plan = iterate(iteration, plan);
    weights.dispose();
    const outputs = new Map([
      ['score', plan.score],
      ['eliteActions', plan.elites.actions],
      ['mean', exchangeAxes(plan.mean)],
      ['std', exchangeAxes(plan.std)],
    ]);
    // Parameters do not change: what a look-up renormalises is renormalised again by the next one.
    return { state, outputs };
  }
  return { name: 'plan', state: planParameters(settings.architecture), run };
}
