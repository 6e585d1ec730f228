import { expect, it } from 'vitest';
import { markProcessor, otherCores } from '../../../../main/engine/benchmark/others.ts';

const mark = (atSeconds: number, busySeconds: number, ownSeconds: number) => ({ atSeconds, busySeconds, ownSeconds });

it('is what was busy less what this process used, by the time that went by', () => {
  expect(otherCores(mark(10, 100, 5), mark(12, 105, 6))).toBe(2);
  // The system counts coarsely: never less than nothing.
  expect(otherCores(mark(10, 100, 5), mark(12, 101.9, 7))).toBe(0);
});

it('is not known after a moment, or where the system does not count', () => {
  expect(otherCores(mark(10, 100, 5), mark(10.1, 101, 5))).toBeNull();
  expect(otherCores(mark(10, 0, 5), mark(12, 0, 6))).toBeNull();
});

it('does not count what this process computes', () => {
  const before = markProcessor();
  while (markProcessor().ownSeconds - before.ownSeconds < 0.3);
  const after = markProcessor();
  expect(after.busySeconds - before.busySeconds).toBeGreaterThan(0.2);
  expect(otherCores(before, after)).not.toBeNull();
});
