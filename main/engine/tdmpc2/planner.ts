import { type Architecture } from '../../../shared/architecture.ts';
import { randomSites, uniforms } from '../../../shared/random.ts';
import { floatTensor, type FloatTensorMap, type Tensor } from '../../../shared/tensor.ts';
import { type Backend } from '../compute/program.ts';
import { defaultPlanner, planProgram, type PlannerParameters } from './plan.ts';
import { indexPair, keepMask, normalsOf } from './random.ts';
import { mt30ActionDims } from './settings.ts';

/** Every random number of one plan, as `planProgram` takes them, with those that choose the action. */
export interface PlanRandomness {
  noisePiTrajs: Float32Array;
  noiseSamples: Float32Array;
  noiseValuePi: Float32Array;
  pairValue: Int32Array;
  maskValue?: Float32Array | undefined;
  choiceUniform: number;
  noiseFinal: Float32Array;
}

export interface PlannerOptions {
  architecture: Architecture;
  backend: Backend;
  discount: number;
  logStdMin: number;
  logStdMax: number;
  /** The official code drops in planning too; 0 for none. */
  dropout: number;
  planner?: PlannerParameters;
  actionDims?: readonly number[];
}

export interface Planner {
  load(parameters: FloatTensorMap): void;
  /** Forgets the previous mean: call at the start of an episode. */
  reset(): void;
  /** The padded action for a padded observation. With `evalMode` no noise is added to the chosen elite's action. */
  act(obs: Float32Array, task: number, randomness: PlanRandomness, evalMode: boolean): Promise<Float32Array>;
  /** The random numbers of step `step` of the stream `seed`. */
  draw(seed: number, step: number): PlanRandomness;
  dispose(): void;
}

/** MPPI planning for one environment, with the warm start that goes from step to step. */
export function createPlanner(options: PlannerOptions): Planner {
  const { architecture, dropout } = options;
  const planner = options.planner ?? defaultPlanner;
  const { horizon, iterations, numSamples, numPiTrajs } = planner;
  const { actionDim, obsDim, numQ, mlpDim } = architecture;
  const compiled = options.backend.compile(
    planProgram({
      architecture,
      planner,
      dropout,
      discount: options.discount,
      actionDims: options.actionDims ?? mt30ActionDims,
      logStdMin: options.logStdMin,
      logStdMax: options.logStdMax,
      unscaledLogProbability: false,
    }),
  );
  let previousMean = new Float32Array(horizon * actionDim);

  function draw(seed: number, step: number): PlanRandomness {
    const samples = numSamples - numPiTrajs;
    const pairs = Array.from({ length: iterations }, (_, iteration) =>
      indexPair(seed, step * iterations + iteration, randomSites.planPair, numQ),
    );
    return {
      noisePiTrajs: normalsOf(seed, step, randomSites.planPolicy, horizon * numPiTrajs * actionDim),
      noiseSamples: normalsOf(seed, step, randomSites.planSamples, iterations * horizon * samples * actionDim),
      noiseValuePi: normalsOf(seed, step, randomSites.planValue, iterations * numSamples * actionDim),
      pairValue: Int32Array.from(pairs.flatMap((pair) => [...pair])),
      maskValue:
        dropout === 0
          ? undefined
          : keepMask(seed, step, randomSites.planDropout, iterations * numQ * numSamples * mlpDim, dropout),
      choiceUniform: uniforms(seed, step, randomSites.planChoice, 1)[0] ?? 0,
      noiseFinal: normalsOf(seed, step, randomSites.planFinal, actionDim),
    };
  }

  async function act(obs: Float32Array, task: number, randomness: PlanRandomness, evalMode: boolean) {
    const batch = new Map<string, Tensor>([
      ['obs', floatTensor([1, obsDim], obs)],
      ['task', { dtype: 'int32', shape: [1], data: Int32Array.of(task) }],
      ['previousMean', floatTensor([horizon, actionDim], previousMean)],
      ['noisePiTrajs', floatTensor([horizon, numPiTrajs, actionDim], randomness.noisePiTrajs)],
      ['noiseSamples', floatTensor([iterations, horizon, numSamples - numPiTrajs, actionDim], randomness.noiseSamples)],
      ['noiseValuePi', floatTensor([iterations, numSamples, actionDim], randomness.noiseValuePi)],
      ['pairValue', { dtype: 'int32', shape: [iterations, 2], data: randomness.pairValue }],
    ]);
    if (randomness.maskValue !== undefined)
      batch.set('maskValue', floatTensor([iterations, numQ, numSamples, mlpDim], randomness.maskValue));
    const outputs = await compiled.step(batch, {});
    const output = (name: string) => outputs.get(name) ?? new Float32Array();
    previousMean = output('mean').slice();
    const elite = chooseElite(output('score'), randomness.choiceUniform);
    return chooseAction(
      output('eliteActions'),
      elite,
      output('std'),
      actionDim,
      evalMode ? undefined : randomness.noiseFinal,
    );
  }

  return {
    load: (parameters) => compiled.load(new Map(parameters)),
    reset: () => (previousMean = new Float32Array(horizon * actionDim)),
    act,
    draw,
    dispose: () => compiled.dispose(),
  };
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

/** The first action of an elite [H, E, actionDim], with noise of the deviation's first row unless in `evalMode`, in [-1, 1]. */
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
