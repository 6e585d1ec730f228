import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawUpdate, indexPair, keepMask, normalsOf } from '../../../../main/engine/tdmpc2/random.ts';

test('normals have the moments of a standard normal', () => {
  const values = normalsOf(1, 2, 3, 100_000);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const moment = (power: number) => values.reduce((sum, value) => sum + value ** power, 0) / values.length;
  expect(mean).toBeCloseTo(0, 1.5);
  expect(moment(2)).toBeCloseTo(1, 1);
  expect(Math.abs(moment(3))).toBeLessThan(0.05);
  expect(Math.abs(moment(4) - 3)).toBeLessThan(0.15);
});

test('a pair is two different Qs and every pair occurs', () => {
  const seen = new Set<string>();
  for (let step = 0; step < 2000; step++) {
    const [a = -1, b = -1] = indexPair(9, step, 4, 5);
    expect(a).not.toBe(b);
    expect(Math.min(a, b)).toBeGreaterThanOrEqual(0);
    expect(Math.max(a, b)).toBeLessThan(5);
    seen.add(`${a} ${b}`);
  }
  expect(seen.size).toBe(20);
});

test('a mask drops its share, wherever one looks', () => {
  for (const probability of [0.01, 0.1, 0.5]) {
    const mask = keepMask(4, 1, 7, 200_000, probability);
    const dropped = (part: Uint8Array) => part.filter((value) => value === 0).length / part.length;
    const tolerance = 5 * Math.sqrt((probability * (1 - probability)) / 100_000);
    expect(Math.abs(dropped(mask.subarray(0, 100_000)) - probability)).toBeLessThan(tolerance);
    expect(Math.abs(dropped(mask.subarray(100_000)) - probability)).toBeLessThan(tolerance);
  }
  expect(keepMask(4, 1, 7, 10, 0)).toEqual(new Uint8Array(10).fill(1));
});

/** Pearson's statistic against its mean k - 1 and deviation sqrt(2 (k - 1)). */
function chiSquareDeviations(observed: readonly number[], expected: readonly number[]): number {
  const sum = observed.reduce((total, count, cell) => {
    const mean = expected[cell] ?? Number.NaN;
    return total + (count - mean) ** 2 / mean;
  }, 0);
  const freedom = observed.length - 1;
  return (sum - freedom) / Math.sqrt(2 * freedom);
}

test.each([0.01, 0.1])('features are dropped independently of each other (%f)', (probability) => {
  const mask = keepMask(12, 1, 7, 4_000_000, probability);
  const cells = 40;
  const width = Math.ceil(1 / (probability * 10));
  const gaps = new Array<number>(cells).fill(0);
  const perRow = new Array<number>(cells).fill(0);
  let dropped = 0;
  let last = -1;
  mask.forEach((keep, position) => {
    if (keep === 1) return;
    const cell = Math.floor((position - last - 1) / width);
    gaps[Math.min(cell, cells - 1)] = (gaps[Math.min(cell, cells - 1)] ?? 0) + 1;
    perRow[position % cells] = (perRow[position % cells] ?? 0) + 1;
    last = position;
    dropped++;
  });
  // Geometric: the chance of a gap of at least g is (1 - p)^g.
  const beyond = (gap: number) => (1 - probability) ** gap;
  const expected = gaps.map(
    (_, cell) => dropped * (beyond(cell * width) - (cell === cells - 1 ? 0 : beyond((cell + 1) * width))),
  );
  expect(chiSquareDeviations(gaps, expected)).toBeLessThan(4);
  expect(
    chiSquareDeviations(
      perRow,
      perRow.map(() => dropped / cells),
    ),
  ).toBeLessThan(4);
  const deviation = Math.sqrt(mask.length * probability * (1 - probability));
  expect(Math.abs(dropped - mask.length * probability) / deviation).toBeLessThan(4);
});

test('the draws of an update are a function of seed and step', () => {
  const sizes = { horizon: 3, batchSize: 4, actionDim: 6, numQ: 5, mlpDim: 16, dropout: 0.1 };
  fc.assert(
    fc.property(fc.nat(2 ** 31 - 1), fc.nat(1_000_000), (seed, step) => {
      const draws = drawUpdate(seed, step, sizes);
      expect(drawUpdate(seed, step, sizes)).toEqual(draws);
      expect(drawUpdate(seed, step + 1, sizes).noiseTd).not.toEqual(draws.noiseTd);
      expect(draws.noisePi.subarray(0, draws.noiseTd.length)).not.toEqual(draws.noiseTd);
    }),
    { numRuns: 20 },
  );
});

test('an update drawn into the memory of an earlier one is the same', () => {
  const sizes = { horizon: 2, batchSize: 5, actionDim: 3, numQ: 2, mlpDim: 40, dropout: 0.3 };
  const spent = drawUpdate(3, 7, sizes);
  const { maskTd } = spent;
  const again = drawUpdate(3, 8, sizes, spent);
  expect(again).toEqual(drawUpdate(3, 8, sizes));
  expect(again.maskTd).toBe(maskTd);
  // Masks of another size do not fit.
  expect(drawUpdate(3, 8, { ...sizes, batchSize: 6 }, again)).toEqual(drawUpdate(3, 8, { ...sizes, batchSize: 6 }));
});
