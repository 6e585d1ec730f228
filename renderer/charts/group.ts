/** One run's curve, as grouping takes it. */
export interface Member {
  x: Float64Array;
  values: Float64Array;
}

export interface GroupCurve {
  x: Float64Array;
  mean: Float64Array;
  /** 95 % interval of the mean; NaN where fewer than two runs reach. */
  low: Float64Array;
  high: Float64Array;
  /** Runs that reach each x. */
  count: Float64Array;
}

const largestGrid = 1000;

/**
 * Mean of several runs with its 95 % interval (Student's t over the runs, not over time). Runs are read at multiples of a power of
 * two of x, by linear interpolation inside what each of them covers; nothing is extrapolated, so the mean may jump where a run ends.
 */
export function meanOfGroup(members: readonly Member[]): GroupCurve {
  const grid = commonGrid(members);
  const resampled = members.map((member) => resample(member, grid));
  const columns = Array.from({ length: 4 }, () => new Float64Array(grid.length).fill(Number.NaN));
  const [mean, low, high, count] = columns as [Float64Array, Float64Array, Float64Array, Float64Array];
  for (const index of grid.keys()) {
    const values = resampled.map((column) => column[index] ?? Number.NaN).filter((value) => Number.isFinite(value));
    count[index] = values.length;
    if (values.length === 0) continue;
    const middle = values.reduce((sum, value) => sum + value, 0) / values.length;
    mean[index] = middle;
    if (values.length < 2) continue;
    const variance = values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1);
    const half = studentQuantile(values.length - 1) * Math.sqrt(variance / values.length);
    low[index] = middle - half;
    high[index] = middle + half;
  }
  return { x: grid, mean, low, high, count };
}

/** Multiples of the smallest power of two that cuts what the members cover into at most a thousand parts. */
export function commonGrid(members: readonly Member[]): Float64Array {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const { x } of members) {
    if (x.length === 0) continue;
    first = Math.min(first, x[0] ?? first);
    last = Math.max(last, x.at(-1) ?? last);
  }
  if (first > last) return new Float64Array(0);
  if (first === last) return Float64Array.of(first);
  let width = 2 ** Math.ceil(Math.log2((last - first) / largestGrid));
  // Steps are whole numbers: nothing lies between them.
  if (width < 1 && members.every(({ x }) => x.every((value) => Number.isInteger(value)))) width = 1;
  const begin = Math.ceil(first / width);
  const end = Math.floor(last / width);
  return Float64Array.from({ length: Math.max(0, end - begin + 1) }, (_, index) => (begin + index) * width);
}

/** Values at increasing positions by linear interpolation; NaN outside of what the member covers. */
export function resample({ x, values }: Member, positions: Float64Array): Float64Array {
  const result = new Float64Array(positions.length).fill(Number.NaN);
  let index = 0;
  for (const [at, position] of positions.entries()) {
    while (index < x.length && (x[index] ?? 0) < position) index += 1;
    const after = x[index];
    if (after === undefined) break;
    const value = values[index] ?? Number.NaN;
    if (after === position) result[at] = value;
    else if (index > 0) {
      const before = x[index - 1] ?? 0;
      const from = values[index - 1] ?? Number.NaN;
      result[at] = from + ((value - from) * (position - before)) / (after - before);
    }
  }
  return result;
}

/** Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom. */
const quantiles = [
  12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281, 2.201, 2.1788, 2.1604, 2.1448, 2.1314,
  2.1199, 2.1098, 2.1009, 2.093, 2.086, 2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423,
];

/** Two-sided 95 % quantile of Student's t; beyond 30 degrees of freedom by its expansion about the normal's. */
export function studentQuantile(freedom: number): number {
  const exact = quantiles[freedom - 1];
  if (exact !== undefined) return exact;
  const z = 1.959964;
  return z + (z ** 3 + z) / (4 * freedom) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * freedom ** 2);
}
