import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clipped,
  formatBytes,
  formatCount,
  formatNumber,
  formatPercent,
  formatShortCount,
  plural,
} from '../../../renderer/format/numbers.ts';

describe('numbers', () => {
  it.each([
    [0, '0'],
    [0.4, '0.4'],
    [17.854321, '17.85'],
    [-17.854321, '−17.85'],
    [12345.678, '12,346'],
    [0.00123456, '0.001235'],
    [3.2e-7, '3.2e-7'],
    [1.5e9, '1.5e9'],
    [1e-10, '1e-10'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, '∞'],
    [Number.NEGATIVE_INFINITY, '−∞'],
    [null, '–'],
    [undefined, '–'],
  ])('%s is %s', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  it('keeps the value to three digits whatever its size', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e12, max: 1e12 }), (value) => {
        const read = Number(formatNumber(value).replace('−', '-').replaceAll(',', ''));
        expect(Math.abs(read - value)).toBeLessThanOrEqual(Math.abs(value) * 1e-3);
      }),
    );
  });

  it('counts, shares and short counts', () => {
    expect(formatCount(345_690_000)).toBe('345,690,000');
    expect(formatPercent(0.5)).toBe('50 %');
    expect(formatPercent(Number.NaN)).toBe('NaN');
    expect(formatShortCount(345_690_000)).toBe('345.7M');
    expect(formatShortCount(200_000)).toBe('200K');
    expect(formatShortCount(60)).toBe('60');
    expect(plural(1, 'entry', 'entries')).toBe('1 entry');
    expect(plural(2000, 'episode')).toBe('2,000 episodes');
  });

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [3_982_258, '3.98 MB'],
    [999_999, '1 MB'],
    [20e9, '20 GB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it('clips long texts alone', () => {
    expect(clipped('abc', 3)).toBe('abc');
    expect(clipped('abcd', 3)).toBe('abc…');
  });
});
