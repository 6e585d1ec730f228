import { expect, test } from 'vitest';
import { listFigures } from '../../../main/store/benchmarkFigures.ts';
import { deleteEntry } from '../../../main/store/deletion.ts';
import { ingest } from '../../../main/store/ingest.ts';
import { createGroup, insertJob } from '../../../main/store/jobs.ts';
import type { BenchmarkFigure } from '../../../shared/device.ts';
import { newRun, temporaryDatabase } from './library.ts';

const figure: BenchmarkFigure = {
  at: '2026-01-01T00:00:00.000Z',
  backend: 'wasm',
  automatic: true,
  device: 'a processor',
  threads: 2,
  work: 'update',
  size: 1,
  batchSize: 64,
  milliseconds: 412.5,
  steps: 7,
  otherCores: null,
};

test('figures are kept with the benchmark and the version that measured them, newest first, and outlive their job', () => {
  const connection = temporaryDatabase();
  const group = createGroup(connection, 'benchmark', 'Benchmark');
  const job = insertJob(connection, newRun({ kind: 'benchmark', group, codeVersion: '1.2.3' }));
  connection.run(`UPDATE job SET state = 'running' WHERE id = ?`, job);
  const later = { ...figure, work: 'plan' as const, batchSize: 1, milliseconds: 0.25, otherCores: 1.5 };
  const batch = {
    from: 0,
    to: 200,
    records: [
      { type: 'figure' as const, figure },
      { type: 'figure' as const, figure: later },
      { type: 'ended' as const, state: 'stopped' as const, at: figure.at },
    ],
  };
  expect(ingest(connection, job, batch)).toMatchObject({ applied: true, changed: true, ended: 'stopped' });
  // The same part of the spool again counts once.
  expect(ingest(connection, job, batch).applied).toBe(false);
  const kept = [
    { ...later, benchmark: group, codeVersion: '1.2.3' },
    { ...figure, benchmark: group, codeVersion: '1.2.3' },
  ];
  expect(listFigures(connection, 100)).toEqual(kept);
  deleteEntry(connection, 'group', group);
  expect(listFigures(connection, 100)).toEqual(kept);
  expect(listFigures(connection, 1)).toEqual(kept.slice(0, 1));
});
