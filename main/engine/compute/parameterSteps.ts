/**
 * Steps over flat parameters as one pass over memory. The arithmetic is float64, rounded once to float32: nearer to the exact step
 * than a chain of float32 operations.
 */

export interface AdamArrays {
  parameter: Float32Array;
  expAvg: Float32Array;
  expAvgSq: Float32Array;
}

/** See tdmpc2/optimiser. */
export interface AdamScalars {
  factor: number;
  stepSize: number;
  inverseCorrection: number;
}

export interface AdamConstants {
  beta1: number;
  beta2: number;
  epsilon: number;
}

/** One Adam step; `after` may be the memory of `before`. */
export function adamStep(
  before: AdamArrays,
  after: AdamArrays,
  gradient: Float32Array,
  { factor, stepSize, inverseCorrection }: AdamScalars,
  { beta1, beta2, epsilon }: AdamConstants,
): void {
  const { parameter, expAvg, expAvgSq } = before;
  for (let index = 0; index < gradient.length; index++) {
    const slope = Math.fround((gradient[index] ?? 0) * factor);
    const average = Math.fround((expAvg[index] ?? 0) * beta1 + slope * (1 - beta1));
    const square = Math.fround((expAvgSq[index] ?? 0) * beta2 + slope * slope * (1 - beta2));
    after.expAvg[index] = average;
    after.expAvgSq[index] = square;
    after.parameter[index] =
      (parameter[index] ?? 0) - (stepSize * average) / (Math.sqrt(square) * inverseCorrection + epsilon);
  }
}

/** `target` moved by `tau` towards `online`; `after` may be the memory of `target`. */
export function movingAverageStep(target: Float32Array, online: Float32Array, tau: number, after: Float32Array): void {
  for (let index = 0; index < target.length; index++) {
    const value = target[index] ?? 0;
    after[index] = value + tau * ((online[index] ?? 0) - value);
  }
}
