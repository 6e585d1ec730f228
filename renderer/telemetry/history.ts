import type { Telemetry } from '../../shared/device.ts';
import type { Curve, Range } from '../charts/curve.ts';
import { niceRange } from '../charts/ranges.ts';

/** What live graphs show, in seconds. */
export const watchedSeconds = 120;
/** Looks further apart than this are not joined: nobody looked in between. */
const gapSeconds = 8;

/**
 * The looks of the last two minutes with another one; one that is there already changes nothing. One from before the newest means that
 * the clock was set back: the history begins anew.
 */
export function withLook(history: readonly Telemetry[], look: Telemetry): readonly Telemetry[] {
  const last = history.at(-1);
  const at = Date.parse(look.at);
  if (last !== undefined && at === Date.parse(last.at)) return history;
  if (last !== undefined && at < Date.parse(last.at)) return [look];
  const oldest = at - watchedSeconds * 1000;
  return [...history.filter((one) => Date.parse(one.at) >= oldest), look];
}

export interface LiveLook {
  key: string;
  label: string;
  colour: `--${string}`;
}

/** A reading over the seconds before the newest look. What is absent is a gap; zero is a value. */
export function liveCurve(
  history: readonly Telemetry[],
  look: LiveLook,
  reading: (telemetry: Telemetry) => number | null | undefined,
): Curve {
  const newest = Date.parse(history.at(-1)?.at ?? '');
  const x: number[] = [];
  const values: number[] = [];
  for (const telemetry of history) {
    const at = (Date.parse(telemetry.at) - newest) / 1000;
    const before = x.at(-1);
    if (before !== undefined && at - before > gapSeconds) {
      x.push((at + before) / 2);
      values.push(Number.NaN);
    }
    x.push(at);
    values.push(reading(telemetry) ?? Number.NaN);
  }
  return { ...look, x: Float64Array.from(x), last: Float64Array.from(values), band: undefined, smooth: undefined };
}

/** The same as a list that is empty where nothing was told at any look. */
export function toldCurves(
  history: readonly Telemetry[],
  { key, title, colour }: { key: string; title: string; colour: `--${string}` },
  reading: (telemetry: Telemetry) => number | null | undefined,
): Curve[] {
  const curve = liveCurve(history, { key, label: title, colour }, reading);
  return curve.last.every((value) => Number.isNaN(value)) ? [] : [curve];
}

/** A share as a percentage; absent stays absent. */
export function percent(share: number | null | undefined): number | null {
  return share === null || share === undefined ? null : share * 100;
}

/** From zero to a round value above all of these: an axis that does not make little of much. */
export function fromZero(values: readonly number[]): Range {
  const most = values.reduce((found, value) => Math.max(found, value), 0);
  return { min: 0, max: niceRange({ min: 0, max: most === 0 ? 1 : most }).max };
}
