import { expect, it } from 'vitest';
import { benchmarked, originText } from '../../../../renderer/routes/new/benchmarked.ts';
import { architectureOfSize } from '../../../../shared/architecture.ts';
import type { CheckpointRecord, DatasetRecord } from '../../../../shared/records.ts';
import { benchmarkFigure } from '../../../support/deviceRecords.ts';
import { checkpointFacts, datasetFacts } from '../../../main/store/facts.ts';

const update = benchmarkFigure();
const label = benchmarkFigure({ work: 'label', size: 317, milliseconds: 640 });
const dataset: DatasetRecord = {
  id: 'd-1',
  name: 'data',
  createdAt: update.at,
  version: 1,
  facts: { ...datasetFacts('d'), transitions: 5000 },
  labels: [],
};
const teacher: CheckpointRecord = {
  id: 'c-1',
  name: 'teacher',
  createdAt: update.at,
  facts: { ...checkpointFacts('t'), architecture: architectureOfSize(317) },
  run: null,
  step: null,
  pinned: false,
};
const entries = { datasets: [dataset], checkpoints: [teacher] };

it('tells the time of a draft that has no data yet, by its defaults', () => {
  const found = benchmarked({}, [update, label], entries);
  expect(found?.secondsPerStep).toBeCloseTo(0.08, 12);
  expect(found?.trainingSeconds).toBeCloseTo(0.08 * 200_000, 6);
  expect(found?.labels).toBeUndefined();
});

it('counts the rows that may need a label: no more than are drawn, and than are there without one', () => {
  const draft = { dataset: 'data', teacher: 'c-1', batchSize: 64 };
  const few = benchmarked({ ...draft, steps: 10 }, [update, label], entries)?.labels;
  expect(few?.rows).toBe(640);
  expect(few?.seconds).toBeCloseTo(6.4, 9);
  expect(benchmarked(draft, [update, label], entries)?.labels?.rows).toBe(5000);
  const labels = [{ teacher: 'c-1', teacherName: 'teacher', done: 4900, total: 5000 }];
  const known = { ...entries, datasets: [{ ...dataset, labels }] };
  expect(benchmarked(draft, [update, label], known)?.labels?.rows).toBe(100);
  expect(benchmarked({ ...draft, teacher: 'c-2' }, [update, label], entries)?.labels).toBeUndefined();
  expect(benchmarked(draft, [update], entries)?.labels).toBeUndefined();
});

it('knows without a measure that no label is to be made', () => {
  const none = { rows: 0, seconds: 0 };
  const scratch = { method: 'scratch', teacher: undefined, dataset: 'data' };
  expect(benchmarked(scratch, [update], entries)?.labels).toEqual(none);
  const labels = [{ teacher: 'c-1', teacherName: 'teacher', done: 5000, total: 5000 }];
  const complete = { ...entries, datasets: [{ ...dataset, labels }] };
  expect(benchmarked({ dataset: 'data', teacher: 'c-1' }, [update], complete)?.labels).toEqual(none);
});

it('counts the teacher with each update where it labels on the fly', () => {
  const draft = { dataset: 'data', teacher: 'c-1', batchSize: 64, steps: 10, labels: 'onTheFly' };
  const found = benchmarked(draft, [update, label], entries);
  expect(found?.secondsPerStep).toBeCloseTo(0.02 + 0.64, 9);
  expect(found?.trainingSeconds).toBeCloseTo(6.6, 9);
  expect(found?.labels).toEqual({ rows: 0, seconds: 0 });
  // Without a figure of labels, or of another teacher, nothing is known of it.
  expect(benchmarked(draft, [update], entries)).toBeUndefined();
  expect(benchmarked({ ...draft, teacher: 'c-2' }, [update, label], entries)).toBeUndefined();
});

it('tells nothing of what cannot be read or was not measured', () => {
  expect(benchmarked({ batchSize: 0 }, [update], entries)).toBeUndefined();
  expect(benchmarked({ backend: 'wasm' }, [update], entries)).toBeUndefined();
  expect(benchmarked({}, [], entries)).toBeUndefined();
});

it('says where the time comes from', () => {
  const same = benchmarked({ batchSize: 64 }, [update], entries);
  const scaled = benchmarked({ batchSize: 256 }, [update], entries);
  if (same === undefined || scaled === undefined) throw new Error('nothing was told');
  expect(originText(same)).toMatch(/^By the benchmark of 2026-01-0\d \d\d:\d\d: update 1M, batch 64\. /);
  expect(originText(scaled)).toContain('update 1M, batch 64, scaled by 4 × its operations. Estimate measures');
  const busy = { ...scaled, from: { ...scaled.from, otherCores: 1.04 } };
  expect(originText(busy)).toContain('operations. Other programs kept 1.0 cores busy then. Estimate measures');
});
