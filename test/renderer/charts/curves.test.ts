import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Series } from '../../../shared/records.ts';
import { csvText, curvesCsv } from '../../../renderer/charts/csv.ts';
import { nearest, summarise, type Curve } from '../../../renderer/charts/curve.ts';
import { commonGrid, meanOfGroup, resample, studentQuantile } from '../../../renderer/charts/group.ts';
import { niceRange, niceStep, yRange, zoomedRange } from '../../../renderer/charts/ranges.ts';
import { readingsAt } from '../../../renderer/charts/readings.ts';
import { smoothed } from '../../../renderer/charts/smooth.ts';
import { tailStart, withTail } from '../../../renderer/charts/tail.ts';

const column = (...values: number[]): Float64Array<ArrayBuffer> => Float64Array.from(values);
const curve = (changes: Partial<Curve> & Pick<Curve, 'x' | 'last'>): Curve => ({
  key: 'a',
  label: 'a',
  colour: '--run-1',
  band: undefined,
  smooth: undefined,
  ...changes,
});

describe('smoothing', () => {
  test('a constant stays what it is, however it is sampled', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 50 }),
        fc.double({ min: 0.1, max: 1e4, noNaN: true }),
        (gaps, halfLife) => {
          let at = 0;
          const x = Float64Array.from(gaps, (gap) => (at += gap));
          for (const value of smoothed(x, new Float64Array(x.length).fill(3), halfLife))
            expect(value).toBeCloseTo(3, 9);
        },
      ),
    );
  });

  test('a value counts half after a half-life', () => {
    // Weights 1/2 and 1: (0.5 * 4 + 1) / 1.5.
    expect(smoothed(column(0, 10), column(4, 1), 10)[1]).toBe(2);
    expect(smoothed(column(0, 10), column(4, 1), 0)).toEqual(column(4, 1));
  });

  test('what is not finite has no weight', () => {
    const result = smoothed(column(1, 2, 3), column(Number.NaN, 5, Number.POSITIVE_INFINITY), 10);
    expect(result).toEqual(column(Number.NaN, 5, 5));
  });
});

describe('live tails', () => {
  /** Bins as the store makes them, from the definition. */
  function binned(values: readonly number[], pointsPerBin: number): Series {
    const bins = Array.from({ length: Math.ceil(values.length / pointsPerBin) }, (_, bin) =>
      values.slice(bin * pointsPerBin, (bin + 1) * pointsPerBin),
    );
    const real = (bin: readonly number[]): number[] => bin.filter((value) => !Number.isNaN(value));
    return {
      metric: 'm',
      pointsPerBin,
      steps: Float64Array.from(bins, (bin, index) => 3 * (index * pointsPerBin + bin.length)),
      last: Float64Array.from(bins, (bin) => bin.at(-1) ?? 0),
      min: Float64Array.from(bins, (bin) => (real(bin).length === 0 ? Number.NaN : Math.min(...real(bin)))),
      max: Float64Array.from(bins, (bin) => (real(bin).length === 0 ? Number.NaN : Math.max(...real(bin)))),
    };
  }

  test('what is appended equals what reading all of it anew gives', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constant(Number.NaN)), { minLength: 1, maxLength: 60 }),
        fc.nat(60),
        fc.constantFrom(1, 2, 4, 8),
        (values, cut, pointsPerBin) => {
          const before = binned(values.slice(0, cut), pointsPerBin);
          const start = tailStart([before]);
          const raw = binned(values, 1);
          const from = raw.steps.findIndex((step) => step >= start);
          const tail: Series = {
            metric: 'm',
            pointsPerBin: 1,
            steps: raw.steps.slice(from),
            last: raw.last.slice(from),
            min: raw.min.slice(from),
            max: raw.max.slice(from),
          };
          expect(withTail(before, tail)).toEqual(
            binned(cut >= values.length ? values.slice(0, cut) : values, pointsPerBin),
          );
        },
      ),
    );
  });

  test('one sparse series does not make the others be read from far back', () => {
    const dense = binned(
      Array.from({ length: 100 }, () => 1),
      1,
    );
    const sparse: Series = { ...binned([1], 1), steps: column(3) };
    expect(tailStart([dense, sparse])).toBe(300);
    expect(tailStart([])).toBe(0);
  });
});

describe('groups', () => {
  test('the mean of equal runs is each of them, without any width', () => {
    const member = { x: column(1, 2, 3, 4), values: column(5, 6, 7, 8) };
    const group = meanOfGroup([member, member, member]);
    expect(group.x).toEqual(member.x);
    expect(group.mean).toEqual(member.values);
    expect(group.low).toEqual(member.values);
    expect(group.count).toEqual(column(3, 3, 3, 3));
  });

  test('the interval is that of Student', () => {
    const group = meanOfGroup([
      { x: column(0, 1), values: column(1, 1) },
      { x: column(0, 1), values: column(3, 3) },
    ]);
    expect(group.mean[0]).toBe(2);
    // t(1) times the standard error 1.
    expect(group.high[0]).toBeCloseTo(14.7062, 4);
    expect(studentQuantile(40)).toBeCloseTo(2.0211, 3);
    expect(studentQuantile(100)).toBeCloseTo(1.984, 3);
  });

  test('nothing is extrapolated, and where one run is alone there is no interval', () => {
    const group = meanOfGroup([
      { x: column(0, 4), values: column(0, 4) },
      { x: column(0, 2), values: column(2, 4) },
    ]);
    expect(group.mean).toEqual(column(1, 2, 3, 3, 4));
    expect(group.count).toEqual(column(2, 2, 2, 1, 1));
    expect([...group.low].map(Number.isNaN)).toEqual([false, false, false, true, true]);
  });

  test('grids lie on multiples of powers of two, so that a growing group keeps its positions', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 60, max: 1_000_000 }), (first, last) => {
        const grid = commonGrid([{ x: column(first, last), values: column(0, 0) }]);
        const width = (grid[1] ?? 0) - (grid[0] ?? 0);
        expect(Math.log2(width) % 1).toBe(0);
        expect(grid.length).toBeLessThanOrEqual(1001);
        for (const position of grid) expect(position % width).toBe(0);
      }),
    );
    expect(resample({ x: column(1, 3), values: column(10, 30) }, column(0, 1, 2, 3, 4))).toEqual(
      column(Number.NaN, 10, 20, 30, Number.NaN),
    );
  });
});

describe('axes', () => {
  test('a nice range holds the range and is not much wider', () => {
    const finite = fc.double({ min: -1e9, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(finite, finite, (left, right) => {
        const [min, max] = [Math.min(left, right), Math.max(left, right)];
        fc.pre(max - min > 1e-6 * Math.max(1, Math.abs(min), Math.abs(max)));
        const nice = niceRange({ min, max });
        const slack = (max - min) * 1e-6;
        expect(nice.min).toBeLessThanOrEqual(min + slack);
        expect(nice.max).toBeGreaterThanOrEqual(max - slack);
        expect(nice.max - nice.min).toBeLessThanOrEqual((max - min) * 1.9);
      }),
    );
    expect([0.11, 0.2, 3, 7].map(niceStep)).toEqual([0.2, 0.2, 5, 10]);
    expect(niceRange({ min: 2, max: 2 }).min).toBeLessThan(2);
  });

  test('follow what is visible; values that a logarithm lacks are left out', () => {
    const one = curve({ x: column(1, 2, 3), last: column(0, 0.5, 70), band: undefined });
    expect(yRange([one], undefined, false)).toEqual({ min: 0, max: 80, step: 20 });
    expect(yRange([one], { min: 0, max: 2 }, false)).toEqual({ min: 0, max: 0.5, step: 0.1 });
    expect(yRange([one], undefined, true)).toEqual({ min: 0.1, max: 100 });
    const wide = curve({ x: column(1), last: column(2), band: { min: column(-5), max: column(8) } });
    expect(yRange([wide], undefined, true)).toEqual({ min: 0.01, max: 10 });
    expect(yRange([wide], undefined, false)).toMatchObject({ min: -5, max: 10 });
    expect(yRange([], undefined, false)).toMatchObject({ min: 0, max: 1 });
  });

  test('zooming stays inside, and all the way out is no zoom', () => {
    const extent = { min: 0, max: 100 };
    expect(zoomedRange({ min: 0, max: 100 }, extent, 0.5)).toEqual({ min: 25, max: 75 });
    expect(zoomedRange({ min: 80, max: 100 }, extent, 1, 0.5)).toEqual({ min: 80, max: 100 });
    expect(zoomedRange({ min: 25, max: 75 }, extent, 2)).toBeUndefined();
  });
});

test('the nearest entry is the nearest', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { minLength: 1 }),
      fc.integer({ min: -9, max: 109 }),
      (list, x) => {
        const sorted = Float64Array.from(list).sort();
        const distance = Math.min(...list.map((value) => Math.abs(value - x)));
        expect(Math.abs((sorted[nearest(sorted, x)] ?? 0) - x)).toBe(distance);
      },
    ),
  );
  expect(nearest(column(), 3)).toBe(-1);
});

test('a summary looks at the extremes of bins, and past NaN', () => {
  const band = { min: column(-1, Number.NaN), max: column(9, Number.NaN) };
  const one = curve({ x: column(4, 8), last: column(2, Number.NaN), band });
  expect(summarise(one)).toEqual({ key: 'a', label: 'a', last: Number.NaN, lastX: 8, min: -1, max: 9 });
});

test('CSV quotes what must be quoted and loses no digit', () => {
  expect(
    csvText([
      ['a "b", c', 0.1 + 0.2, Number.NaN],
      ['=1+1', 1, Number.POSITIVE_INFINITY],
    ]),
  ).toBe('"a ""b"", c",0.30000000000000004,\r\n\'=1+1,1,Infinity\r\n');
  const one = curve({ x: column(1), last: column(2), smooth: column(3) });
  expect(curvesCsv([one], 'step', 'loss')).toBe('curve,step,loss,low,high,smoothed\r\na,1,2,2,2,3\r\n');
});

test('curves are read where they have a value, at their nearest point', () => {
  const long = curve({ key: 'long', x: column(0, 50, 100), last: column(1, 2, 3), smooth: column(4, 5, 6) });
  const short = curve({
    key: 'short',
    x: column(0, 10),
    last: column(7, 8),
    band: { min: column(6, 7), max: column(8, 9) },
  });
  expect(readingsAt([long, short], 9, undefined)).toEqual([
    { curve: long, x: 0, last: 1, smooth: 4, low: undefined, high: undefined },
    { curve: short, x: 10, last: 8, smooth: undefined, low: 7, high: 9 },
  ]);
  expect(readingsAt([long, short], 60, undefined).map(({ curve: { key }, x }) => [key, x])).toEqual([['long', 50]]);
  // Zoomed out by others, it may be missed by more.
  expect(readingsAt([short], 60, { min: 0, max: 5000 })).toHaveLength(1);
  expect(readingsAt([curve({ x: column(), last: column() })], 0, undefined)).toEqual([]);
});
