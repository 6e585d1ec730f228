import { describe, expect, it } from 'vitest';
import {
  formatDuration,
  formatExactTime,
  formatRelativeTime,
  formatShortTime,
  timeLeft,
} from '../../../renderer/format/times.ts';

describe('durations', () => {
  it.each([
    [0, '0 ms'],
    [640, '640 ms'],
    [4_200, '4.2 s'],
    [42_000, '42 s'],
    [59_800, '1 min'],
    [200_000, '3 min 20 s'],
    [18_720_000, '5 h 12 min'],
    [273_600_000, '3 d 4 h'],
    [-5, '0 ms'],
    [null, '–'],
    [Number.NaN, '–'],
  ])('%s milliseconds are %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });
});

describe('times', () => {
  const now = Date.parse('2026-03-10T12:00:00Z');
  it.each([
    ['2026-03-10T11:59:55Z', 'just now'],
    ['2026-03-10T11:59:15Z', '45 s ago'],
    ['2026-03-10T11:55:00Z', '5 min ago'],
    ['2026-03-10T15:00:00Z', 'in 3 h'],
    ['2026-03-08T11:00:00Z', '2 d ago'],
    ['2025-12-24T11:00:00Z', '2025-12-24'],
    [null, '–'],
    ['nonsense', '–'],
  ])('%s is %s', (instant, text) => {
    expect(formatRelativeTime(instant, now)).toBe(text);
  });

  it('are exact to the second', () => {
    expect(formatExactTime('2026-03-10T12:00:09.999Z')).toMatch(/^2026-03-\d\d \d\d:\d\d:09$/);
    expect(formatExactTime('nonsense')).toBe('–');
  });

  it('left follow from the pace, and are unknown without one', () => {
    expect(timeLeft(25, 100, 1000)).toBe(3000);
    expect(timeLeft(100, 100, 1000)).toBe(0);
    expect(timeLeft(0, 100, 1000)).toBeUndefined();
    expect(timeLeft(5, 0, 1000)).toBeUndefined();
  });
});

describe('short times', () => {
  const noon = '2026-06-10T12:34:56.000Z';
  it.each([
    [noon, '2026-12-01T12:00:00.000Z', /^06-1\d \d\d:\d4$/],
    [noon, '2027-02-01T12:00:00.000Z', /^2026-06-1\d$/],
    [null, noon, /^–$/],
    ['nonsense', noon, /^–$/],
  ])('%s looked at on %s', (instant, now, text) => {
    expect(formatShortTime(instant, Date.parse(now))).toMatch(text);
  });
});
