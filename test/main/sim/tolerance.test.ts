import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { tolerance, type Sigmoid } from '../../../main/sim/tolerance.ts';

const sigmoids: Sigmoid[] = ['gaussian', 'linear', 'quadratic'];

it('is 1 inside the bounds, bounds included, and 0 outside without a margin', () => {
  for (const x of [-1, 0, 2]) expect(tolerance(x, { bounds: [-1, 2] })).toBe(1);
  for (const x of [-1.0001, 2.0001, Infinity]) expect(tolerance(x, { bounds: [-1, 2] })).toBe(0);
  expect(tolerance(1e9, { bounds: [9, Infinity] })).toBe(1);
});

it('has the value at the margin, on both sides', () => {
  for (const sigmoid of sigmoids)
    for (const x of [-5, 6])
      expect(tolerance(x, { bounds: [-1, 2], margin: 4, sigmoid, valueAtMargin: 0.3 })).toBeCloseTo(0.3, 14);
});

it('has the known shapes', () => {
  // v^(d^2) for gaussian, with v 0.1 unless told otherwise.
  expect(tolerance(1, { bounds: [0, 0], margin: 2 })).toBeCloseTo(0.1 ** 0.25, 14);
  expect(tolerance(4.5, { bounds: [9, Infinity], margin: 4.5, sigmoid: 'linear', valueAtMargin: 0.5 })).toBe(0.5);
  expect(tolerance(0, { bounds: [9, Infinity], margin: 4.5, sigmoid: 'linear', valueAtMargin: 0.5 })).toBe(0);
  expect(tolerance(0.5, { bounds: [0, 0], margin: 1, sigmoid: 'quadratic', valueAtMargin: 0 })).toBe(0.75);
  expect(tolerance(1.5, { bounds: [0, 0], margin: 1, sigmoid: 'quadratic', valueAtMargin: 0 })).toBe(0);
});

it('lies in [0, 1] and falls with the distance', () => {
  const distance = fc.double({ min: 0, max: 1e3, noNaN: true });
  fc.assert(
    fc.property(fc.constantFrom(...sigmoids), distance, distance, (sigmoid, first, second) => {
      const at = (x: number): number => tolerance(1 + x, { bounds: [0, 1], margin: 3, sigmoid });
      const [near, far] = [at(Math.min(first, second)), at(Math.max(first, second))];
      return 0 <= far && far <= near && near <= 1;
    }),
  );
});

it('refuses what makes no sense', () => {
  expect(() => tolerance(0, { bounds: [1, 0] })).toThrow(RangeError);
  expect(() => tolerance(0, { bounds: [0, 1], margin: -1 })).toThrow(RangeError);
  expect(() => tolerance(0, { bounds: [0, 1], margin: 1, valueAtMargin: 0 })).toThrow(RangeError);
  expect(() => tolerance(0, { bounds: [0, 1], margin: 1, sigmoid: 'linear', valueAtMargin: 1 })).toThrow(RangeError);
});
