import type { Series } from '../../shared/records.ts';
import type { Curve } from './curve.ts';
import { smoothed } from './smooth.ts';

export interface CurveLook {
  key: string;
  label: string;
  colour: `--${string}`;
  dash?: readonly number[] | undefined;
}

/** A recorded series as a curve over its steps, or over `x` of the same length. Smoothing is always over steps. */
export function curveOf(series: Series, look: CurveLook, halfLife: number, x: Float64Array = series.steps): Curve {
  return {
    key: look.key,
    label: look.label,
    colour: look.colour,
    ...(look.dash !== undefined && { dash: look.dash }),
    x,
    last: series.last,
    band: series.pointsPerBin > 1 ? { min: series.min, max: series.max } : undefined,
    smooth: halfLife > 0 ? smoothed(series.steps, series.last, halfLife) : undefined,
  };
}

/** Half-lives that can be chosen, in updates. */
export const halfLives = [0, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000] as const;

/** A half-life as the address holds it; 0 for anything else. */
export function parseHalfLife(text: string | undefined): number {
  const value = Number(text ?? 0);
  return halfLives.find((one) => one === value) ?? 0;
}

const runColours = ['--run-1', '--run-2', '--run-3', '--run-4', '--run-5', '--run-6', '--run-7', '--run-8'] as const;
const dashes = [undefined, [6, 3], [2, 3], [8, 3, 2, 3]] as const;

/** The look of the n-th run of a selection: eight colours, then the same ones dashed. */
export function runLook(index: number): { colour: `--${string}`; dash: readonly number[] | undefined } {
  return {
    colour: runColours[index % runColours.length] ?? '--run-1',
    dash: dashes[Math.floor(index / runColours.length) % dashes.length],
  };
}
