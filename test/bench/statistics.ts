/** The middle value, or the mean of the two middle ones. Errors: RangeError without values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined) throw new RangeError('there is no median of no values');
  const lower = sorted.length % 2 === 1 ? upper : (sorted[middle - 1] ?? upper);
  return (lower + upper) / 2;
}

export interface Summary {
  median: number;
  lowest: number;
  highest: number;
  /** (highest - lowest) / median. */
  spread: number;
}

/** Errors: RangeError without values. */
export function summarise(values: readonly number[]): Summary {
  const middle = median(values);
  const lowest = Math.min(...values);
  const highest = Math.max(...values);
  return { median: middle, lowest, highest, spread: (highest - lowest) / middle };
}

/** The ratio of each pair of measurements that were taken one after the other. Errors: RangeError for unequal numbers of them. */
export function pairRatios(numerators: readonly number[], denominators: readonly number[]): number[] {
  if (numerators.length !== denominators.length)
    throw new RangeError(`${numerators.length} measurements against ${denominators.length}`);
  return numerators.map((value, index) => value / (denominators[index] ?? Number.NaN));
}

/** Steps that take about `seconds`, when one takes `secondsEach`: at least one, at most 10,000. */
export function stepsFor(seconds: number, secondsEach: number): number {
  return Math.min(Math.max(Math.ceil(seconds / secondsEach), 1), 10_000);
}
