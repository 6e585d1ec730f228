import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decide, type QueuedJob } from '../../../main/jobs/queue.ts';
import { jobStates } from '../../../shared/jobs.ts';

const job = (id: string, lane: QueuedJob['lane'], dependencies: QueuedJob['dependencies'] = []): QueuedJob => ({
  id,
  lane,
  dependencies,
});

test('the first job of the lane starts; one that waits lets others pass', () => {
  const queue = [
    job('light', 'light'),
    job('waits', 'training', [{ id: 'x', state: 'running' }]),
    job('next', 'training', [{ id: 'y', state: 'finished' }]),
    job('last', 'training'),
  ];
  expect(decide(queue, 'training')).toEqual({ action: 'start', id: 'next' });
  expect(decide(queue, 'light')).toEqual({ action: 'start', id: 'light' });
  expect(decide(queue.slice(0, 2), 'training')).toEqual({ action: 'wait' });
  expect(decide([], 'light')).toEqual({ action: 'wait' });
});

test('no job starts before all its predecessors finished, and none waits for one that ended otherwise', () => {
  const state = fc.option(fc.constantFrom(...jobStates));
  const dependency = fc.record({ id: fc.string(), state });
  fc.assert(
    fc.property(fc.array(fc.array(dependency, { maxLength: 3 }), { maxLength: 6 }), (lists) => {
      const queue = lists.map((dependencies, index) => job(String(index), 'training', dependencies));
      const decision = decide(queue, 'training');
      const lost = (one: QueuedJob) =>
        one.dependencies.some(({ state: its }) => its === null || ['failed', 'stopped', 'interrupted'].includes(its));
      const ready = (one: QueuedJob) => one.dependencies.every(({ state: its }) => its === 'finished');
      const first = queue.find((one) => lost(one) || ready(one));
      if (first === undefined) expect(decision).toEqual({ action: 'wait' });
      else expect(decision).toMatchObject({ id: first.id, action: lost(first) ? 'fail' : 'start' });
    }),
  );
});
