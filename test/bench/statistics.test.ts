import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median, pairRatios, stepsFor, summarise } from './statistics.ts';

const positive = fc.double({ min: 1e-3, max: 1e6, noNaN: true });
const slowness = fc.double({ min: 0.1, max: 10, noNaN: true });
const figures = fc.array(positive, { minLength: 1, maxLength: 30 });

describe('figures of repeated measurements', () => {
  it('takes the middle of an odd number and the mean of the middle two of an even one', () => {
    expect(median([9, 1, 4])).toBe(4);
    expect(median([9, 1, 4, 6])).toBe(5);
    expect(() => median([])).toThrow(RangeError);
  });

  it('has as many values above the median as below, in whatever order they come', () => {
    fc.assert(
      fc.property(figures, (values) => {
        const middle = median(values);
        const above = values.filter((value) => value > middle).length;
        const below = values.filter((value) => value < middle).length;
        expect(Math.max(above, below)).toBeLessThanOrEqual(values.length / 2);
        expect(median(values.toReversed())).toBe(middle);
      }),
    );
  });

  it('states the spread as a share of the median', () => {
    expect(summarise([2, 4, 5])).toEqual({ median: 4, lowest: 2, highest: 5, spread: 0.75 });
  });

  it('divides what was measured one after the other', () => {
    expect(pairRatios([2, 9], [4, 3])).toEqual([0.5, 3]);
    expect(() => pairRatios([1, 2], [1])).toThrow(RangeError);
  });

  it('is not moved by what slows a whole pair', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(positive, positive, slowness), { minLength: 1, maxLength: 30 }), (turns) => {
        const ratios = pairRatios(
          turns.map(([one]) => one),
          turns.map(([, other]) => other),
        );
        const slowed = pairRatios(
          turns.map(([one, , factor]) => one * factor),
          turns.map(([, other, factor]) => other * factor),
        );
        expect(median(slowed) / median(ratios)).toBeCloseTo(1, 9);
      }),
    );
  });

  it('makes as many steps as fill a measurement', () => {
    expect(stepsFor(2, 0.3)).toBe(7);
    expect(stepsFor(2, 100)).toBe(1);
    expect(stepsFor(2, 1e-9)).toBe(10_000);
  });
});
