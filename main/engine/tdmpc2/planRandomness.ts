import { type Architecture } from '../../../shared/architecture.ts';
import { randomSites, uniforms } from '../../../shared/random.ts';
import { floatTensor, type Tensor } from '../../../shared/tensor.ts';
import { type PlannerParameters } from './planSettings.ts';
import { indexPair, keepMask, normalsOf } from './random.ts';

/** Every random number of one environment's plan: what `planProgram` takes but for the axis of environments, and what chooses the action. */
export interface PlanRandomness {
  /** Standard normal, [H, numPiTrajs, actionDim]. */
  noisePiTrajs: Float32Array;
  /** [iterations, H, numSamples - numPiTrajs, actionDim]. */
  noiseSamples: Float32Array;
  /** [iterations, numSamples, actionDim]. */
  noiseValuePi: Float32Array;
  /** Two different Qs an iteration. */
  pairValue: Int32Array;
  /** Keep mask of 0 and 1, [iterations, numQ, numSamples, mlpDim]; needed with dropout. */
  maskValue?: Uint8Array | undefined;
  /** In [0, 1). */
  choiceUniform: number;
  /** [actionDim]. */
  noiseFinal: Float32Array;
}

/** What says how many random numbers a plan draws. */
export interface PlanSizes {
  architecture: Architecture;
  planner: PlannerParameters;
  dropout: number;
}

/** The random numbers of step `step` of the stream `seed`: of one environment, however many are planned with it. */
export function drawPlan(seed: number, step: number, { architecture, planner, dropout }: PlanSizes): PlanRandomness {
  const { horizon, iterations, numSamples, numPiTrajs } = planner;
  const { actionDim, numQ, mlpDim } = architecture;
  const samples = numSamples - numPiTrajs;
  const pairs = Array.from({ length: iterations }, (_, iteration) =>
    indexPair(seed, step * iterations + iteration, randomSites.planPair, numQ),
  );
  const masked = iterations * numQ * numSamples * mlpDim;
  return {
    noisePiTrajs: normalsOf(seed, step, randomSites.planPolicy, horizon * numPiTrajs * actionDim),
    noiseSamples: normalsOf(seed, step, randomSites.planSamples, iterations * horizon * samples * actionDim),
    noiseValuePi: normalsOf(seed, step, randomSites.planValue, iterations * numSamples * actionDim),
    pairValue: Int32Array.from(pairs.flatMap((pair) => [...pair])),
    maskValue: dropout === 0 ? undefined : keepMask(seed, step, randomSites.planDropout, masked, dropout),
    choiceUniform: uniforms(seed, step, randomSites.planChoice, 1)[0] ?? 0,
    noiseFinal: normalsOf(seed, step, randomSites.planFinal, actionDim),
  };
}

interface Numbers<Self> {
  readonly length: number;
  subarray(start: number, end: number): Self;
  set(values: Self, offset: number): void;
}

/** Arrays [outer, inner] of each environment as one [outer, environments, inner], written to `into`. */
function interleave<Values extends Numbers<Values>>(arrays: readonly Values[], outer: number, into: Values): Values {
  const inner = into.length / (outer * arrays.length);
  arrays.forEach((values, environment) => {
    for (let row = 0; row < outer; row++)
      into.set(values.subarray(row * inner, (row + 1) * inner), (row * arrays.length + environment) * inner);
  });
  return into;
}

/** Memory for the masks of E environments: so large that it is better used again by each plan. */
export function maskMemory({ architecture, planner, dropout }: PlanSizes, environments: number): Uint8Array {
  const { iterations, numSamples } = planner;
  return new Uint8Array(
    dropout === 0 ? 0 : iterations * architecture.numQ * environments * numSamples * architecture.mlpDim,
  );
}

/** The random numbers of E environments as inputs of `planProgram`. @param memory of `maskMemory`, written to. */
export function randomnessBatch(
  randomness: readonly PlanRandomness[],
  { architecture, planner, dropout }: PlanSizes,
  memory: Uint8Array,
): [string, Tensor][] {
  const { horizon, iterations, numSamples, numPiTrajs } = planner;
  const { actionDim, numQ, mlpDim } = architecture;
  const environments = randomness.length;
  function floats(pick: (draws: PlanRandomness) => Float32Array, outer: readonly number[], inner: readonly number[]) {
    const shape = [...outer, environments, ...inner];
    const result = floatTensor(shape);
    interleave(randomness.map(pick), product(outer), result.data);
    return result;
  }
  const batch: [string, Tensor][] = [
    ['noisePiTrajs', floats((draws) => draws.noisePiTrajs, [horizon], [numPiTrajs, actionDim])],
    [
      'noiseSamples',
      floats((draws) => draws.noiseSamples, [iterations, horizon], [numSamples - numPiTrajs, actionDim]),
    ],
    ['noiseValuePi', floats((draws) => draws.noiseValuePi, [iterations], [numSamples, actionDim])],
  ];
  const pairs = randomness.map(({ pairValue }) => pairValue);
  const pairValue = interleave(pairs, iterations, new Int32Array(iterations * environments * 2));
  batch.push(['pairValue', { dtype: 'int32', shape: [iterations, environments, 2], data: pairValue }]);
  if (dropout === 0) return batch;
  const shape = [iterations, numQ, environments, numSamples, mlpDim];
  const masks = randomness.map(({ maskValue }) => maskValue ?? new Uint8Array());
  const data = interleave(masks, iterations * numQ, memory);
  return [...batch, ['maskValue', { dtype: 'uint8', shape, data }]];
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((result, size) => result * size, 1);
}
