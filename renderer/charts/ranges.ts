import type { Curve, Range } from './curve.ts';

/** An axis; `step` is the distance of its ticks where it is linear. */
export interface Axis extends Range {
  step?: number;
}

/**
 * The rule of every y axis: it spans all bands and lines that the visible x range shows, rounded outwards to the next 1, 2 or 5 of its
 * own size (linear) or to the next power of ten (logarithmic). So it moves in steps while a run grows, and curves keep their shape
 * when another one is shown beside them unless that one reaches beyond the axis. A band that comes near zero stretches a logarithmic
 * axis to a hundredth of the smallest line value, not further.
 */
export function yRange(curves: readonly Curve[], visible: Range | undefined, logarithmic: boolean): Axis {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  const take = (value: number | undefined): void => {
    if (value === undefined || !Number.isFinite(value) || (logarithmic && value <= 0)) return;
    if (value < min) min = value;
    if (value > max) max = value;
  };
  for (const { x, last, band, smooth } of curves)
    for (const [index, at] of x.entries()) {
      if (visible !== undefined && (at < visible.min || at > visible.max)) continue;
      take(last[index]);
      take(smooth?.[index]);
      take(band?.max[index]);
    }
  const least = logarithmic ? min / 100 : Number.NEGATIVE_INFINITY;
  for (const { x, band } of curves)
    for (const [index, at] of x.entries()) {
      if (band === undefined || (visible !== undefined && (at < visible.min || at > visible.max))) continue;
      take(Math.max(least, band.min[index] ?? Number.NaN));
    }
  if (min > max) return logarithmic ? { min: 0.1, max: 1 } : niceRange({ min: 0, max: 1 });
  return logarithmic ? powerRange({ min, max }) : niceRange({ min, max });
}

const parts = 6;

/** Rounded outwards to multiples of the 1-2-5 step that cuts the range into at most six parts; `step` is that between ticks. */
export function niceRange({ min, max }: Range): Axis {
  if (min === max) {
    const size = Math.abs(min) || 1;
    return niceRange({ min: min - size / 2, max: max + size / 2 });
  }
  const step = niceStep((max - min) / parts);
  // Doubles: 0.30000000000000004 would otherwise be rounded out by a whole step.
  const slack = step * 1e-9;
  return {
    min: tidy(Math.floor((min + slack) / step) * step),
    max: tidy(Math.ceil((max - slack) / step) * step),
    step,
  };
}

/** The smallest 1, 2 or 5 times a power of ten that is at least `size`. */
export function niceStep(size: number): number {
  const power = 10 ** Math.floor(Math.log10(size));
  for (const factor of [1, 2, 5]) if (factor * power >= size * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

function powerRange({ min, max }: Range): Range {
  const low = 10 ** Math.floor(Math.log10(min) + 1e-9);
  const high = 10 ** Math.ceil(Math.log10(max) - 1e-9);
  return { min: low, max: high > low ? high : low * 10 };
}

/** Without the tail that multiplying doubles leaves. */
function tidy(value: number): number {
  return Number(value.toPrecision(12));
}

/** From the first to the last x of all curves; undefined without any. */
export function xExtent(curves: readonly Curve[]): Range | undefined {
  let extent: Range | undefined;
  for (const { x } of curves) {
    const [first, last] = [x[0], x.at(-1)];
    if (first === undefined || last === undefined) continue;
    extent = {
      min: Math.min(extent?.min ?? Number.POSITIVE_INFINITY, first),
      max: Math.max(extent?.max ?? Number.NEGATIVE_INFINITY, last),
    };
  }
  return extent;
}

/** The stretch zoomed by `factor` (below 1: closer) about its middle and moved by `shift` of its width, kept inside `extent`. */
export function zoomedRange(range: Range, extent: Range, factor: number, shift = 0): Range | undefined {
  const width = (range.max - range.min) * factor;
  if (width >= extent.max - extent.min) return undefined;
  const middle = (range.min + range.max) / 2 + shift * (range.max - range.min);
  const min = Math.min(Math.max(middle - width / 2, extent.min), extent.max - width);
  return { min, max: min + width };
}
