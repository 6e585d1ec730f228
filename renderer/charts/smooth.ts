/**
 * Exponential moving average whose weight of a value halves with every `halfLife` of x, so that a curve is smoothed alike however its
 * values are binned and whatever else is shown. The start is not biased towards its first value or zero. NaN and infinite values have no
 * weight; before the first finite one the result is NaN. A `halfLife` of 0 gives a copy.
 */
export function smoothed(x: Float64Array, values: Float64Array, halfLife: number): Float64Array {
  if (!(halfLife > 0)) return values.slice();
  const result = new Float64Array(values.length);
  let sum = 0;
  let weight = 0;
  let before = x[0] ?? 0;
  for (const [index, value] of values.entries()) {
    const here = x[index] ?? before;
    const decay = 2 ** (-(here - before) / halfLife);
    before = here;
    sum *= decay;
    weight *= decay;
    if (Number.isFinite(value)) {
      sum += value;
      weight += 1;
    }
    result[index] = weight > 0 ? sum / weight : Number.NaN;
  }
  return result;
}
