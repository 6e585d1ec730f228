import type { Series } from '../../shared/records.ts';

/** A series so far, and the single points from its last, perhaps open bin on. */
interface Merged {
  steps: number[];
  last: number[];
  min: number[];
  max: number[];
}

/** The first step that must be read again to go on with a series: where its last bin may still be open. */
export function tailStart(series: readonly Series[]): number {
  let start = 0;
  for (const { steps } of series) start = Math.max(start, steps.at(-1) ?? 0);
  for (const { steps, pointsPerBin } of series) if (pointsPerBin > 1) start = Math.min(start, (steps.at(-2) ?? 0) + 1);
  return start;
}

/**
 * A series with newer points. `tail` has single points (`pointsPerBin` 1) from `tailStart` on; bins keep their borders: the last bin is
 * made again from its points, and new ones follow it. Returns the same object when nothing is new.
 */
export function withTail(series: Series, tail: Series): Series {
  const { pointsPerBin } = series;
  const kept = pointsPerBin > 1 ? Math.max(0, series.steps.length - 1) : series.steps.length;
  const known = kept === 0 ? 0 : (series.steps[kept - 1] ?? 0);
  const newest = series.steps.at(-1) ?? 0;
  if ((tail.steps.at(-1) ?? 0) <= newest) return series;
  const bins: Merged = { steps: [], last: [], min: [], max: [] };
  let inBin = pointsPerBin;
  for (const [index, step] of tail.steps.entries()) {
    if (step <= known) continue;
    const value = tail.last[index] ?? Number.NaN;
    if (inBin === pointsPerBin) {
      for (const column of [bins.steps, bins.last, bins.min, bins.max]) column.push(Number.NaN);
      inBin = 0;
    }
    inBin += 1;
    const bin = bins.steps.length - 1;
    bins.steps[bin] = step;
    bins.last[bin] = value;
    bins.min[bin] = lower(bins.min[bin] ?? Number.NaN, value);
    bins.max[bin] = -lower(-(bins.max[bin] ?? Number.NaN), -value);
  }
  return {
    metric: series.metric,
    pointsPerBin,
    steps: joined(series.steps, kept, bins.steps),
    last: joined(series.last, kept, bins.last),
    min: joined(series.min, kept, bins.min),
    max: joined(series.max, kept, bins.max),
  };
}

function lower(left: number, right: number): number {
  if (Number.isNaN(left)) return right;
  return right < left ? right : left;
}

function joined(before: Float64Array, kept: number, after: readonly number[]): Float64Array<ArrayBuffer> {
  const whole = new Float64Array(kept + after.length);
  whole.set(before.subarray(0, kept));
  whole.set(after, kept);
  return whole;
}
