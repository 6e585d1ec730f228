import fc from 'fast-check';
import { expect, test } from 'vitest';
import { at, type Points } from '../../../main/store/blocks.ts';
import { number, only, numberOrNaN, type Connection } from '../../../main/store/connection.ts';
import { replayOf } from '../../../main/store/jobLists.ts';
import { insertJob } from '../../../main/store/jobs.ts';
import { appendPoints, readChart, readPoints } from '../../../main/store/series.ts';
import { supersede } from '../../../main/store/superseded.ts';
import { newRun, temporaryDatabase } from './library.ts';

const value = fc.oneof(
  fc.double(),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0),
);

function idOf(connection: Connection, job: string): number {
  return number(only(connection.get('SELECT id FROM series WHERE job = ?', job)), 'id');
}

function makePoints(strides: readonly number[], values: readonly number[]): Points {
  let step = 0;
  const steps = Float64Array.from(values, (_, index) => (step += strides[index % strides.length] ?? 1));
  return { steps, values: Float64Array.from(values) };
}

function extreme(values: Float64Array, pick: (left: number, right: number) => number): number {
  const real = [...values].filter((one) => !Number.isNaN(one));
  return real.length === 0 ? Number.NaN : real.reduce((left, right) => pick(left, right));
}

test('every recorded value is read back exactly, whatever the batches', () => {
  const connection = temporaryDatabase();
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 1500 }),
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 700 }),
      (values, strides, batch) => {
        const job = insertJob(connection, newRun());
        const points = makePoints(strides, values);
        for (let begin = 0; begin < values.length; begin += batch)
          appendPoints(connection, job, 'm', {
            steps: points.steps.slice(begin, begin + batch),
            values: points.values.slice(begin, begin + batch),
          });
        expect(readPoints(connection, idOf(connection, job), 0, 1e9)).toEqual(points);
      },
    ),
    { numRuns: 30 },
  );
});

test('bins of a chart have the extremes and the last value of exactly their points', () => {
  const connection = temporaryDatabase();
  const values = Array.from({ length: 60_011 }, (_, index) => Math.sin(index * 12.9898) * 43758.5453 + index);
  values[777] = Number.NaN;
  const points = makePoints([1, 3], values);
  const job = insertJob(connection, newRun());
  appendPoints(connection, job, 'm', points);
  const series = idOf(connection, job);
  const indexOfStep = new Map([...points.steps].map((step, index) => [step, index]));
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30_000 }).map((size) => Math.ceil(size / (size % 3 === 0 ? 1000 : 1))),
      fc.tuple(fc.integer({ min: 0, max: 121_000 }), fc.integer({ min: 0, max: 121_000 })),
      (maximumPoints, [one, other]) => {
        const [from, to] = [Math.min(one, other), Math.max(one, other)];
        const bins = readChart(connection, series, { from, to, maximumPoints });
        const inside = points.steps.filter((step) => step >= from && step <= to);
        expect(bins.last.length).toBeLessThanOrEqual(maximumPoints + 3);
        if (inside.length > 0) {
          expect(at(bins.firstSteps, 0)).toBeLessThanOrEqual(at(inside, 0));
          expect(bins.lastSteps.at(-1)).toBeGreaterThanOrEqual(inside.at(-1) ?? 0);
        }
        const actual: number[][] = [];
        const expected: number[][] = [];
        bins.firstSteps.forEach((first, index) => {
          const begin = indexOfStep.get(first) ?? -1;
          const end = (indexOfStep.get(at(bins.lastSteps, index)) ?? -1) + 1;
          const covered = points.values.subarray(begin, end);
          actual.push([at(bins.min, index), at(bins.max, index), at(bins.last, index)]);
          expected.push([extreme(covered, Math.min), extreme(covered, Math.max), covered.at(-1) ?? 0]);
          // No gap and no overlap, and borders that depend on the width alone.
          if (index > 0) {
            actual.push([at(points.steps, begin - 1)]);
            expected.push([at(bins.lastSteps, index - 1)]);
          }
          if (end < points.steps.length) {
            actual.push([begin % (end - begin), Math.log2(end - begin) % 1]);
            expected.push([0, 0]);
          }
        });
        expect(actual).toEqual(expected);
      },
    ),
    { numRuns: 40 },
  );
});

test('a replay drops what follows its first step, and counts the values that it finds different', () => {
  const connection = temporaryDatabase();
  const job = insertJob(connection, newRun());
  const values = Array.from({ length: 1300 }, (_, index) => Math.cos(index));
  const points = makePoints([1], values);
  appendPoints(connection, job, 'm', points);
  supersede(connection, job, 600);
  const series = idOf(connection, job);
  expect(readPoints(connection, series, 0, 1e9)).toEqual({
    steps: points.steps.slice(0, 600),
    values: points.values.slice(0, 600),
  });
  const summary = only(connection.get('SELECT * FROM series WHERE id = ?', series));
  expect(numberOrNaN(summary, 'last')).toBe(values[599]);
  expect(numberOrNaN(summary, 'max')).toBe(Math.max(...values.slice(0, 600)));

  const replayed = values.slice(600, 1100).map((one, index) => (index % 100 === 7 ? one + 1 : one));
  appendPoints(connection, job, 'm', {
    steps: points.steps.slice(600, 700),
    values: Float64Array.from(replayed.slice(0, 100)),
  });
  // Interrupted again before it caught up: the rest is still compared later.
  supersede(connection, job, 650);
  appendPoints(connection, job, 'm', {
    steps: points.steps.slice(650, 1100),
    values: Float64Array.from(replayed.slice(50)),
  });
  // 607 differed; 707, 807, 907, 1007 differ; 657…: the second replay agrees with the first.
  expect(replayOf(connection, job)).toEqual({ m: { compared: 550, differing: 5 } });
});

test('the summary after truncation equals one made from scratch', () => {
  const connection = temporaryDatabase();
  fc.assert(
    fc.property(fc.array(value, { minLength: 2, maxLength: 1200 }), fc.nat(), (values, cut) => {
      const kept = (cut % (values.length - 1)) + 1;
      const [one, other] = [insertJob(connection, newRun()), insertJob(connection, newRun())];
      const points = makePoints([1], values);
      appendPoints(connection, one, 'm', points);
      supersede(connection, one, kept);
      appendPoints(connection, other, 'm', {
        steps: points.steps.slice(0, kept),
        values: points.values.slice(0, kept),
      });
      const summaries = [one, other].map((job) =>
        connection.get('SELECT points, last_step, last, min, max FROM series WHERE job = ?', job),
      );
      expect(summaries[0]).toEqual(summaries[1]);
    }),
    { numRuns: 40 },
  );
});
