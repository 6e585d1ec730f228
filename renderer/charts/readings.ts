import { nearest, type Curve, type Range } from './curve.ts';

/** A curve's values at its point nearest to where the pointer is. */
export interface Reading {
  curve: Curve;
  x: number;
  last: number;
  smooth: number | undefined;
  low: number | undefined;
  high: number | undefined;
}

/** What the curves say at x; beyond its own ends, give or take a fiftieth of what is shown, a curve says nothing. */
export function readingsAt(curves: readonly Curve[], x: number, range: Range | undefined): Reading[] {
  return curves.flatMap((curve) => {
    const index = nearest(curve.x, x);
    const [first, last] = [curve.x[0], curve.x.at(-1)];
    if (index < 0 || first === undefined || last === undefined) return [];
    const slack = Math.max(1, ((range?.max ?? last) - (range?.min ?? first)) / 50);
    if (x < first - slack || x > last + slack) return [];
    return [
      {
        curve,
        x: curve.x[index] ?? Number.NaN,
        last: curve.last[index] ?? Number.NaN,
        smooth: curve.smooth?.[index],
        low: curve.band?.min[index],
        high: curve.band?.max[index],
      },
    ];
  });
}
