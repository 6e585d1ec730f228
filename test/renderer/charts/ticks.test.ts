import fc from 'fast-check';
import { expect, it } from 'vitest';
import { tickText } from '../../../renderer/charts/ticks.ts';

it.each([
  [0, undefined, '0'],
  [-0.05, undefined, '−0.05'],
  [9000, undefined, '9,000'],
  [10_000, undefined, '10K'],
  [2_500_000, undefined, '2.5M'],
  [-30_000_000, undefined, '−30M'],
  [1e12, undefined, '1e12'],
  [100, '%', '100 %'],
  [25.3e9, 'B', '25.3 GB'],
  [250, 'ms', '250'],
])('writes %d %s as %s', (value, unit, wanted) => {
  expect(tickText(value, unit)).toBe(wanted);
});

it('fits the room beside an axis', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(tickText(value, undefined).length).toBeLessThanOrEqual(10);
    }),
  );
});
