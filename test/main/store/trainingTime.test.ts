import { expect, test } from 'vitest';
import type { SpoolRecord } from '../../../shared/jobFolder.ts';
import { ingest } from '../../../main/store/ingest.ts';
import { readCharts } from '../../../main/store/metrics.ts';
import { runningRun, temporaryDatabase } from './library.ts';

const speed = (step: number, stepsPerSecond: number): SpoolRecord => ({
  type: 'metrics',
  step,
  values: { stepsPerSecond },
});

test('training time is the sum of what the updates took, across batches and resumed attempts', () => {
  const connection = temporaryDatabase();
  const job = runningRun(connection);
  const started = (attempt: number, fromStep: number): SpoolRecord => ({
    type: 'started',
    attempt,
    at: '2026-01-01T00:00:00.000Z',
    fromStep,
  });
  const first = ingest(connection, job, { from: 0, records: [started(1, 0), speed(10, 2), speed(20, 5)], to: 1 });
  expect(first.values['trainingSeconds']).toBe(7);
  ingest(connection, job, { from: 1, records: [speed(30, 1)], to: 2 });
  // The second attempt replays from step 20 on: the ten seconds before it do not count twice.
  ingest(connection, job, { from: 2, records: [started(2, 20), speed(30, 4), speed(40, Number.NaN)], to: 3 });
  const [time] = readCharts(connection, job, { metrics: ['trainingSeconds'] });
  expect([...(time?.steps ?? [])]).toEqual([10, 20, 30, 40]);
  expect([...(time?.last ?? [])]).toEqual([5, 7, 9.5, 9.5]);
});
