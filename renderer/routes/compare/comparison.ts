import type { RunRecord, Series } from '../../../shared/records.ts';
import type { Curve, Range } from '../../charts/curve.ts';
import { curveOf, runLook } from '../../charts/curves.ts';
import { meanOfGroup, resample } from '../../charts/group.ts';
import { flatten } from '../../format/configuration.ts';

/** What the x axis counts. */
export const axes = { step: 'step', time: 'training time (s)', transitions: 'transitions' } as const;
export type AxisName = keyof typeof axes;

export function parseAxis(text: string | undefined): AxisName {
  return text === 'time' || text === 'transitions' ? text : 'step';
}

/** A run with what was read of its metrics. */
export interface Compared {
  run: RunRecord;
  series: Readonly<Record<string, Series>>;
}

/** Transitions that one update draws. */
export function transitionsPerStep({ config }: Pick<RunRecord, 'config'>): number {
  return config.batchSize * config.hyperparameters.horizon;
}

/** Positions on the axis of a metric's steps; NaN where the training time is not known. */
export function positions(steps: Float64Array, axis: AxisName, { run, series }: Compared): Float64Array {
  if (axis === 'step') return steps;
  if (axis === 'transitions') return steps.map((step) => step * transitionsPerStep(run));
  const time = series['trainingSeconds'];
  if (time === undefined) return steps.map(() => Number.NaN);
  return resample({ x: Float64Array.of(0, ...time.steps), values: Float64Array.of(0, ...time.last) }, steps);
}

/** The steps that a stretch of the axis shows of a run; undefined where that is not known: all of them. */
export function stepsOf(range: Range | undefined, axis: AxisName, compared: Compared): Range | undefined {
  if (range === undefined || axis === 'step') return range;
  if (axis === 'transitions') {
    const scale = transitionsPerStep(compared.run);
    return { min: range.min / scale, max: range.max / scale };
  }
  const time = compared.series['trainingSeconds'];
  if (time === undefined) return undefined;
  const [min, max] = resample({ x: time.last, values: time.steps }, Float64Array.of(range.min, range.max));
  return min === undefined || max === undefined || Number.isNaN(min) || Number.isNaN(max) ? undefined : { min, max };
}

/** One curve for each run that has the metric. Its look follows its place in the selection. */
export function runCurves(all: readonly Compared[], metric: string, axis: AxisName, halfLife: number): Curve[] {
  return all.flatMap((compared, index) => {
    const series = compared.series[metric];
    if (series === undefined) return [];
    const { run } = compared;
    // Runs of a sweep often share a name: the id tells them apart.
    const shares = all.some((other) => other.run.name === run.name && other.run.id !== run.id);
    const label = shares ? `${run.name} · ${run.id}` : run.name;
    const curve = curveOf(series, { key: run.id, label, ...runLook(index) }, halfLife);
    return [placed(curve, positions(series.steps, axis, compared))];
  });
}

/** The curve at other positions; points whose position is not known are left out. */
function placed(curve: Curve, x: Float64Array): Curve {
  const known = (_: number, index: number): boolean => !Number.isNaN(x[index] ?? Number.NaN);
  if (x.every((at) => !Number.isNaN(at))) return { ...curve, x };
  return {
    ...curve,
    x: x.filter(known),
    last: curve.last.filter(known),
    band: curve.band && { min: curve.band.min.filter(known), max: curve.band.max.filter(known) },
    smooth: curve.smooth?.filter(known),
  };
}

/** Runs by their value of a configuration entry, in the order in which the values first occur; "–" where a run has none. */
export function groupsOf(all: readonly Compared[], path: string): Map<string, Compared[]> {
  const groups = new Map<string, Compared[]>();
  for (const compared of all) {
    const value = path === 'tags' ? compared.run.tags.join(', ') || '–' : flatten(compared.run.config).get(path);
    const name = value === undefined ? '–' : String(value);
    const members = groups.get(name);
    if (members === undefined) groups.set(name, [compared]);
    else members.push(compared);
  }
  return groups;
}

/** One curve for each group: the mean of its runs, smoothed first where asked, with the 95 % interval as band. */
export function groupCurves(
  all: readonly Compared[],
  path: string,
  metric: string,
  axis: AxisName,
  halfLife: number,
): Curve[] {
  return [...groupsOf(all, path)].flatMap(([value, members], index) => {
    const curves = runCurves(members, metric, axis, halfLife);
    if (curves.length === 0) return [];
    const group = meanOfGroup(curves.map(({ x, last, smooth }) => ({ x, values: smooth ?? last })));
    const label = `${path} ${value}: mean of ${curves.length}`;
    return [
      {
        key: value,
        label,
        ...withoutUndefined(runLook(index)),
        x: group.x,
        last: group.mean,
        band: curves.length > 1 ? { min: group.low, max: group.high } : undefined,
        smooth: undefined,
      },
    ];
  });
}

function withoutUndefined({ colour, dash }: ReturnType<typeof runLook>): Pick<Curve, 'colour' | 'dash'> {
  return { colour, ...(dash !== undefined && { dash }) };
}
