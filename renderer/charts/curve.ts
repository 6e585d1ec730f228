/** What a chart draws: columns of equal length, x increasing. NaN is a gap. */
export interface Curve {
  /** The same curve keeps its key while it grows. */
  key: string;
  label: string;
  /** Custom property of the theme, such as `--run-1`. */
  colour: `--${string}`;
  dash?: readonly number[];
  x: Float64Array;
  last: Float64Array;
  /** Extremes of each bin, or the bounds of an interval; undefined where every bin is a single value. */
  band: { min: Float64Array; max: Float64Array } | undefined;
  /** Drawn over the then faint `last`. */
  smooth: Float64Array | undefined;
}

/** A stretch of the x axis. */
export interface Range {
  min: number;
  max: number;
}

export interface CurveSummary {
  key: string;
  label: string;
  last: number;
  lastX: number;
  min: number;
  max: number;
}

/** Index of the entry of an increasing column that is nearest to x; -1 of none. */
export function nearest(column: Float64Array, x: number): number {
  let low = 0;
  let high = column.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((column[middle] ?? 0) < x) low = middle + 1;
    else high = middle;
  }
  if (low === 0) return column.length === 0 ? -1 : 0;
  const after = column[low] ?? Number.POSITIVE_INFINITY;
  return x - (column[low - 1] ?? 0) <= after - x ? low - 1 : low;
}

/** Last, smallest and largest value: what a person who cannot see the chart is told. NaN where there is none. */
export function summarise(curve: Curve): CurveSummary {
  const [min, max] = extremes(curve.band?.min ?? curve.last, curve.band?.max ?? curve.last);
  return {
    key: curve.key,
    label: curve.label,
    last: curve.last.at(-1) ?? Number.NaN,
    lastX: curve.x.at(-1) ?? Number.NaN,
    min,
    max,
  };
}

function extremes(lower: Float64Array, upper: Float64Array): [number, number] {
  let min = Number.NaN;
  let max = Number.NaN;
  for (const value of lower) if (!(value >= min) && !Number.isNaN(value)) min = value;
  for (const value of upper) if (!(value <= max) && !Number.isNaN(value)) max = value;
  return [min, max];
}
