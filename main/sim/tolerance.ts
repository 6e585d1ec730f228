export type Sigmoid = 'gaussian' | 'linear' | 'quadratic';

export interface ToleranceOptions {
  /** Full reward from the first to the second of these, both included. */
  readonly bounds: readonly [number, number];
  /** Distance from the nearest bound at which the reward has fallen to `valueAtMargin`; 0: no slope at all. */
  readonly margin?: number;
  readonly sigmoid?: Sigmoid;
  /** In (0, 1) for gaussian, in [0, 1) for the others. */
  readonly valueAtMargin?: number;
}

/** dm_control's `tolerance`: 1 inside the bounds, falling towards 0 outside. */
export function tolerance(x: number, options: ToleranceOptions): number {
  const { bounds, margin = 0, sigmoid = 'gaussian', valueAtMargin = 0.1 } = options;
  const [lower, upper] = bounds;
  if (!(lower <= upper)) throw new RangeError(`bounds [${lower}, ${upper}] are not in order`);
  if (!(margin >= 0)) throw new RangeError(`margin ${margin} is negative`);
  if (!(valueAtMargin < 1 && (sigmoid === 'gaussian' ? valueAtMargin > 0 : valueAtMargin >= 0)))
    throw new RangeError(`a ${sigmoid} slope cannot have the value ${valueAtMargin} at its margin`);
  if (lower <= x && x <= upper) return 1;
  if (margin === 0) return 0;
  const distance = (x < lower ? lower - x : x - upper) / margin;
  return slope(distance, valueAtMargin, sigmoid);
}

function slope(distance: number, valueAtMargin: number, sigmoid: Sigmoid): number {
  switch (sigmoid) {
    case 'gaussian': {
      const scale = Math.sqrt(-2 * Math.log(valueAtMargin));
      return Math.exp(-0.5 * (distance * scale) ** 2);
    }
    case 'linear':
      return Math.max(0, 1 - (1 - valueAtMargin) * distance);
    case 'quadratic':
      return Math.max(0, 1 - (1 - valueAtMargin) * distance ** 2);
  }
}
