import { randomSites, randomWords, uniforms } from '../../../shared/random.ts';

/** Initial weights; the step is the parameter's position. */
export const initialSite = randomSites.initialWeights;

/** Numbers in [-1, 1), a step of 2^-23 apart. */
export function symmetricUniforms(seed: number, step: number, site: number, count: number): Float32Array {
  return uniforms(seed, step, site, count).map((value) => 2 * value - 1);
}

/** Standard normal numbers (Box-Muller), float32 of a float64 computation: the same on every backend. */
export function normalsOf(seed: number, step: number, site: number, count: number): Float32Array {
  const words = randomWords(seed, step, site, 2 * Math.ceil(count / 2));
  const values = new Float32Array(count);
  for (let index = 0; index < count; index += 2) {
    // In (0, 1]: the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(((words[index] ?? 0) + 1) * 2 ** -32));
    const angle = 2 * Math.PI * (words[index + 1] ?? 0) * 2 ** -32;
    values[index] = radius * Math.cos(angle);
    if (index + 1 < count) values[index + 1] = radius * Math.sin(angle);
  }
  return values;
}

/** Two different numbers of 0..numQ-1, every ordered pair as likely. */
export function indexPair(seed: number, step: number, site: number, numQ: number): Int32Array {
  const [first = 0, second = 0] = uniforms(seed, step, site, 2);
  const a = Math.floor(first * numQ);
  const b = Math.floor(second * (numQ - 1));
  return Int32Array.of(a, b < a ? b : b + 1);
}

/**
 * A dropout mask of `count` features: 1 where a feature is kept, 0 where it is dropped with `probability`. Draws the gaps between
 * dropped features, which are geometric, so that it costs as many draws as features are dropped.
 * @param memory of `count` bytes that is written and returned; new memory without it.
 */
export function keepMask(
  seed: number,
  step: number,
  site: number,
  count: number,
  probability: number,
  memory?: Uint8Array,
): Uint8Array {
  const mask = (memory?.length === count ? memory : new Uint8Array(count)).fill(1);
  if (probability === 0) return mask;
  const inverseLogKeep = 1 / Math.log1p(-probability);
  const block = 64 + Math.ceil(1.1 * mask.length * probability);
  let position = -1;
  // Each refill is a stream of its own: the site in the low bits, the refill above it.
  for (let refill = 0; ; refill++) {
    const words = randomWords(seed, step, site + refill * 0x10000, block);
    for (const word of words) {
      position += 1 + Math.floor(Math.log((word + 1) * 2 ** -32) * inverseLogKeep);
      if (position >= mask.length) return mask;
      mask[position] = 0;
    }
  }
}

/** Every random number of one update. */
export interface UpdateRandomness {
  /** Standard normal, [H, B, actionDim]. */
  noiseTd: Float32Array;
  /** Standard normal, [H+1, B, actionDim]. */
  noisePi: Float32Array;
  /** Two different Qs. */
  pairTd: Int32Array;
  pairPi: Int32Array;
  /** Keep masks of 0 and 1, [numQ, H, B, mlpDim]; needed with dropout. */
  maskTd?: Uint8Array | undefined;
  maskValue?: Uint8Array | undefined;
  /** [numQ, H+1, B, mlpDim]. */
  maskPi?: Uint8Array | undefined;
}

/** Sizes that say how many random numbers an update draws. */
export interface DrawSizes {
  horizon: number;
  batchSize: number;
  actionDim: number;
  numQ: number;
  mlpDim: number;
  dropout: number;
}

/**
 * Every random number of update `step` (0 for the first) of the run `seed`, in the layout that an agent takes.
 * @param spent numbers of an earlier update, whose masks are written again: fresh megabytes in every step would keep the garbage
 * collector busy.
 */
export function drawUpdate(
  seed: number,
  step: number,
  { horizon, batchSize, actionDim, numQ, mlpDim, dropout }: DrawSizes,
  spent?: UpdateRandomness,
): UpdateRandomness {
  const rows = horizon * batchSize;
  const policyRows = (horizon + 1) * batchSize;
  const draws = {
    noiseTd: normalsOf(seed, step, randomSites.noiseTd, rows * actionDim),
    noisePi: normalsOf(seed, step, randomSites.noisePi, policyRows * actionDim),
    pairTd: indexPair(seed, step, randomSites.pairTd, numQ),
    pairPi: indexPair(seed, step, randomSites.pairPi, numQ),
  };
  if (dropout === 0) return draws;
  return {
    ...draws,
    maskTd: keepMask(seed, step, randomSites.dropoutTd, numQ * rows * mlpDim, dropout, spent?.maskTd),
    maskValue: keepMask(seed, step, randomSites.dropoutValue, numQ * rows * mlpDim, dropout, spent?.maskValue),
    maskPi: keepMask(seed, step, randomSites.dropoutPi, numQ * policyRows * mlpDim, dropout, spent?.maskPi),
  };
}
