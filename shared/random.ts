/**
 * Philox 4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): random numbers as a function of
 * where they are used, not of what was drawn before. Every random number of a run is keyed by (seed, step, site), so a
 * resumed run draws what the uninterrupted one would have drawn, and future draws can be listed in advance.
 */

const multiplierA = 0xd2511f53;
const multiplierB = 0xcd9e8d57;
const weylA = 0x9e3779b9;
const weylB = 0xbb67ae85;

/** Who draws. A number is never reused: it would correlate two uses. */
export const randomSites = {
  windows: 1,
  initialWeights: 2,
  noiseTd: 3,
  noisePi: 4,
  pairTd: 5,
  pairPi: 6,
  dropoutTd: 7,
  dropoutValue: 8,
  dropoutPi: 9,
  actPolicy: 10,
  planPolicy: 11,
  planSamples: 12,
  planValue: 13,
  planPair: 14,
  planDropout: 15,
  planChoice: 16,
  planFinal: 17,
  /** Plus the task's index: up to 1029. */
  randomPolicy: 1000,
} as const;

/**
 * Upper 32 bits of the product of two 32-bit words. Int32 arithmetic alone, which the engine keeps in registers: the
 * halves' products wrap, but every sum below fits 32 bits when read as unsigned.
 */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = (Math.imul(aHigh, bLow) + (Math.imul(aLow, bLow) >>> 16)) | 0;
  const cross = (Math.imul(aLow, bHigh) + (middle & 0xffff)) | 0;
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (cross >>> 16)) | 0;
}

export type Counter = readonly [number, number, number, number];
export type Key = readonly [number, number];

/** One block: four 32-bit words of a four-word counter under a two-word key, written to `out` at `offset`. */
export function philoxBlock(counter: Counter, key: Key, out: Uint32Array, offset = 0): void {
  // Words are int32 here: the same bits, and the array reads them as unsigned.
  let c0 = counter[0] | 0;
  let c1 = counter[1] | 0;
  let c2 = counter[2] | 0;
  let c3 = counter[3] | 0;
  let k0 = key[0] | 0;
  let k1 = key[1] | 0;
  for (let round = 0; round < 10; round++) {
    const highA = multiplyHigh(multiplierA, c0);
    const lowA = Math.imul(multiplierA, c0);
    const highB = multiplyHigh(multiplierB, c2);
    const lowB = Math.imul(multiplierB, c2);
    c0 = highB ^ c1 ^ k0;
    c1 = lowB;
    c2 = highA ^ c3 ^ k1;
    c3 = lowA;
    k0 = (k0 + weylA) | 0;
    k1 = (k1 + weylB) | 0;
  }
  out[offset] = c0;
  out[offset + 1] = c1;
  out[offset + 2] = c2;
  out[offset + 3] = c3;
}

/**
 * `count` 32-bit words of (seed, step, site): key = (seed, site), counter = (block, 0, step low, step high).
 * `seed` and `site` are in 0..2^32-1, `step` in 0..2^53-1.
 */
export function randomWords(seed: number, step: number, site: number, count: number): Uint32Array {
  const blocks = Math.ceil(count / 4);
  const words = new Uint32Array(blocks * 4);
  const key: Key = [seed, site];
  const stepHigh = Math.floor(step / 2 ** 32);
  for (let block = 0; block < blocks; block++) philoxBlock([block, 0, step, stepHigh], key, words, block * 4);
  return words.subarray(0, count);
}

/** `count` numbers in [0, 1) of 24 bits each, all exact in float32 (as torch.rand's are). */
export function uniforms(seed: number, step: number, site: number, count: number): Float32Array {
  const words = randomWords(seed, step, site, count);
  const values = new Float32Array(count);
  for (let index = 0; index < count; index++) values[index] = ((words[index] ?? 0) >>> 8) * 2 ** -24;
  return values;
}

/** `count` numbers in [0, 1) of 53 bits each: for choices among so many that 24 bits would favour some. */
export function preciseUniforms(seed: number, step: number, site: number, count: number): Float64Array {
  const words = randomWords(seed, step, site, count * 2);
  const values = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    const high = (words[2 * index] ?? 0) >>> 5;
    const low = (words[2 * index + 1] ?? 0) >>> 6;
    values[index] = (high * 2 ** 26 + low) * 2 ** -53;
  }
  return values;
}
