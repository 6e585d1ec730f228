import { expect, test } from 'vitest';
import { runConfigurationSchema } from '../../../shared/configuration.ts';
import type { Series } from '../../../shared/records.ts';
import {
  groupCurves,
  groupsOf,
  positions,
  runCurves,
  stepsOf,
  type Compared,
} from '../../../renderer/routes/compare/comparison.ts';
import { runRecord } from '../../support/records.ts';

const column = (...values: number[]): Float64Array<ArrayBuffer> => Float64Array.from(values);
const series = (metric: string, steps: Float64Array<ArrayBuffer>, values: Float64Array<ArrayBuffer>): Series => ({
  metric,
  pointsPerBin: 1,
  steps,
  last: values,
  min: values,
  max: values,
});

function compared(id: string, values: Float64Array<ArrayBuffer>, config: object = {}): Compared {
  const steps = values.map((_, index) => 10 * (index + 1));
  const record = runRecord(id, {
    config: runConfigurationSchema.parse({ method: 'scratch', dataset: 'd', batchSize: 8, ...config }),
  });
  const time = series('trainingSeconds', column(10, 20), column(2, 6));
  return { run: record, series: { loss: series('loss', steps, values), trainingSeconds: time } };
}

test('the axis counts steps, seconds or transitions', () => {
  const one = compared('a', column(1, 2, 3));
  const steps = column(5, 10, 15, 30);
  expect(positions(steps, 'step', one)).toEqual(steps);
  // 8 sequences of 3 steps each.
  expect(positions(steps, 'transitions', one)).toEqual(column(120, 240, 360, 720));
  expect(positions(steps, 'time', one)).toEqual(column(1, 2, 4, Number.NaN));
  const [curve] = runCurves([one], 'loss', 'time', 0);
  expect(curve?.x).toEqual(column(2, 6));
  expect(curve?.last).toEqual(column(1, 2));
});

test('a stretch of the axis is a stretch of steps', () => {
  const one = compared('a', column(1, 2));
  expect(stepsOf(undefined, 'time', one)).toBeUndefined();
  expect(stepsOf({ min: 24, max: 48 }, 'transitions', one)).toEqual({ min: 1, max: 2 });
  expect(stepsOf({ min: 3, max: 5 }, 'time', one)).toEqual({ min: 12.5, max: 17.5 });
  expect(stepsOf({ min: 3, max: 50 }, 'time', one)).toBeUndefined();
});

test('runs group by an entry of their configuration; a curve is the same whoever stands beside it', () => {
  const all = [compared('a', column(1, 2)), compared('b', column(3, 4)), compared('c', column(9, 9), { seed: 2 })];
  expect([...groupsOf(all, 'seed')].map(([value, members]) => [value, members.length])).toEqual([
    ['1', 2],
    ['2', 1],
  ]);
  expect([...groupsOf(all, 'teacher').keys()]).toEqual(['–']);
  const [first, second] = groupCurves(all, 'seed', 'loss', 'step', 0);
  expect(first?.last[0]).toBe(2);
  expect(first?.label).toBe('seed 1: mean of 2');
  expect(second?.last[0]).toBe(9);
  expect(second?.band).toBeUndefined();
  const alone = runCurves(all.slice(0, 1), 'loss', 'step', 10)[0];
  expect(runCurves(all, 'loss', 'step', 10)[0]).toEqual(alone);
  const twin = { ...all[0], run: { ...all[0]?.run, id: 'twin' } } as Compared;
  const labels = runCurves([...all.slice(0, 2), twin], 'loss', 'step', 0).map(({ label }) => label);
  expect(labels).toEqual(['a · a', 'b', 'a · twin']);
});
