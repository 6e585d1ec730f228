import { type Architecture } from '../../../shared/architecture.ts';
import { floatTensor, type FloatTensorMap, type Tensor } from '../../../shared/tensor.ts';
import { type Backend } from '../compute/program.ts';
import { planProgram } from './plan.ts';
import { drawPlan, maskMemory, type PlanRandomness, randomnessBatch } from './planRandomness.ts';
import { defaultPlanner, type PlannerParameters } from './planSettings.ts';
import { mt30ActionDims } from './settings.ts';

export interface PlannerOptions {
  architecture: Architecture;
  backend: Backend;
  discount: number;
  logStdMin: number;
  logStdMax: number;
  /** The official code drops in planning too; 0 for none. */
  dropout: number;
  /** How many environments are planned at once, 1 without it. */
  environments?: number;
  /** As in PlanSettings; without it what suits the backend. */
  groupSize?: number;
  planner?: PlannerParameters;
  actionDims?: readonly number[];
}

/** What one environment's plan is made from. */
export interface PlanRequest {
  /** Padded, [obsDim]. */
  obs: Float32Array;
  task: number;
  randomness: PlanRandomness;
}

export interface Planner {
  readonly environments: number;
  load(parameters: FloatTensorMap): void;
  /** Forgets the previous mean of an environment, or of all: call at the start of an episode. */
  reset(environment?: number): void;
  /**
   * The padded action of each environment; `requests` has an entry for each. With `evalMode` no noise is added to the chosen
   * elite's action. Errors: RangeError for another number of requests.
   */
  act(requests: readonly PlanRequest[], evalMode: boolean): Promise<Float32Array[]>;
  /** The random numbers of step `step` of the stream `seed`, for one environment. */
  draw(seed: number, step: number): PlanRandomness;
  dispose(): void;
}

/** MPPI planning for environments that go on together, each with the warm start that goes from step to step. */
export function createPlanner(options: PlannerOptions): Planner {
  const { architecture, dropout, environments = 1, planner = defaultPlanner } = options;
  const { horizon, numElites } = planner;
  const { actionDim, obsDim } = architecture;
  const sizes = { architecture, planner, dropout };
  const compiled = options.backend.compile(
    planProgram({
      ...sizes,
      discount: options.discount,
      groupSize: options.groupSize ?? groupSizeOf(options.backend, planner),
      actionDims: options.actionDims ?? mt30ActionDims,
      logStdMin: options.logStdMin,
      logStdMax: options.logStdMax,
      unscaledLogProbability: false,
    }),
  );
  const masks = maskMemory(sizes, environments);
  const meanSize = horizon * actionDim;
  let previousMean = new Float32Array(environments * meanSize);

  async function act(requests: readonly PlanRequest[], evalMode: boolean): Promise<Float32Array[]> {
    if (requests.length !== environments)
      throw new RangeError(`${requests.length} requests for a planner of ${environments} environments`);
    const obs = new Float32Array(environments * obsDim);
    requests.forEach((request, environment) => obs.set(request.obs, environment * obsDim));
    const batch = new Map<string, Tensor>([
      ['obs', floatTensor([environments, obsDim], obs)],
      ['task', { dtype: 'int32', shape: [environments], data: Int32Array.from(requests, ({ task }) => task) }],
      ['previousMean', floatTensor([environments, horizon, actionDim], previousMean)],
      ...randomnessBatch(
        requests.map(({ randomness }) => randomness),
        sizes,
        masks,
      ),
    ]);
    const outputs = await compiled.step(batch, {});
    const part = (name: string, environment: number, size: number) =>
      (outputs.get(name) ?? new Float32Array()).subarray(environment * size, (environment + 1) * size);
    previousMean = part('mean', 0, environments * meanSize).slice();
    return requests.map(({ randomness }, environment) => {
      const elite = chooseElite(part('score', environment, numElites), randomness.choiceUniform);
      return chooseAction(
        part('eliteActions', environment, numElites * actionDim),
        elite,
        part('std', environment, meanSize),
        actionDim,
        evalMode ? undefined : randomness.noiseFinal,
      );
    });
  }

  return {
    environments,
    load: (parameters) => compiled.load(new Map(parameters)),
    reset: (environment) => {
      if (environment === undefined) previousMean.fill(0);
      else previousMean.fill(0, environment * meanSize, (environment + 1) * meanSize);
    },
    act,
    draw: (seed, step) => drawPlan(seed, step, sizes),
    dispose: () => compiled.dispose(),
  };
}

/** As many environments as have their rows in the backend's caches; all where it names no bound. */
function groupSizeOf({ rowsTogether }: Backend, { numSamples }: PlannerParameters): number | undefined {
  return rowsTogether === undefined ? undefined : Math.max(1, Math.floor(rowsTogether / numSamples));
}

/** The elite that `uniform` in [0, 1) picks by its score, in float64 as numpy's choice does. */
export function chooseElite(score: ArrayLike<number>, uniform: number): number {
  const cumulative = new Float64Array(score.length);
  let total = 0;
  for (let index = 0; index < score.length; index++) {
    total += score[index] ?? 0;
    cumulative[index] = total;
  }
  const found = cumulative.findIndex((value) => value / total > uniform);
  return found < 0 ? score.length - 1 : found;
}

/**
 * The first action of an elite, with noise of the deviation's first row unless in `evalMode`, in [-1, 1].
 * @param eliteActions [E, actionDim] or, with later steps behind it, [H, E, actionDim]. @param std [actionDim] or longer.
 */
export function chooseAction(
  eliteActions: Float32Array,
  elite: number,
  std: Float32Array,
  actionDim: number,
  noise: Float32Array | undefined,
): Float32Array {
  return Float32Array.from({ length: actionDim }, (_, index) => {
    const chosen = eliteActions[elite * actionDim + index] ?? 0;
    const added = noise === undefined ? 0 : (std[index] ?? 0) * (noise[index] ?? 0);
    return Math.min(Math.max(chosen + added, -1), 1);
  });
}
