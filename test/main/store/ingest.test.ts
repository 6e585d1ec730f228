import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeColumn } from '../../../main/store/blocks.ts';
import { blob, text, type Connection } from '../../../main/store/connection.ts';
import { ingest } from '../../../main/store/ingest.ts';
import { jobDetail } from '../../../main/store/jobLists.ts';
import { listGarbage } from '../../../main/store/garbage.ts';
import type { SpoolRecord } from '../../../shared/jobFolder.ts';
import { checkpointFacts, datasetFacts, hashOf } from './facts.ts';
import { runningRun, temporaryDatabase } from './library.ts';

const instant = '2026-01-01T00:00:00.000Z';

/** Two attempts of a run: the second goes back to an earlier step, finds some values differently and finishes. */
function story(length: number, cut: number, resumeAt: number): SpoolRecord[] {
  const metrics = (step: number, noise: number): SpoolRecord => ({
    type: 'metrics',
    step,
    values: { totalLoss: Math.sin(step) + noise, grad: step % 7 === 0 ? Number.NaN : step },
  });
  const attempt = (from: number, to: number, noise: number) =>
    Array.from({ length: to - from }, (_, index): SpoolRecord[] => {
      const step = from + index + 1;
      const records = [metrics(step, step % 5 === 0 ? noise : 0)];
      if (step % 10 === 0) records.push({ type: 'checkpoint', step, facts: checkpointFacts(`c${step}`) });
      if (step % 4 === 0) records.push({ type: 'pairs', step, teacher: [1, step], student: [2, Number.NaN] });
      return records;
    }).flat();
  return [
    { type: 'started', attempt: 1, at: instant, fromStep: 0, backend: 'wasm' },
    { type: 'progress', stage: 'label', done: 1, total: 2, unit: 'windows' },
    ...attempt(0, cut, 0),
    { type: 'message', level: 'warning', text: 'so far' },
    { type: 'started', attempt: 2, at: instant, fromStep: resumeAt, backend: 'wasm' },
    ...attempt(resumeAt, length, 1),
    { type: 'imported', name: 'teacher', facts: checkpointFacts('t') },
    { type: 'imported', name: 'teacher again', facts: checkpointFacts('t') },
    { type: 'dataset', name: 'data', facts: datasetFacts('d') },
    { type: 'dataset', name: 'data again', facts: datasetFacts('d') },
    { type: 'progress', stage: 'label', done: 2, total: 2, unit: 'windows' },
    { type: 'ended', state: 'finished', at: instant },
  ];
}

/** Everything that ingesting writes, with random ids and moments taken out. */
function tables(connection: Connection): unknown {
  const rows = (sql: string) =>
    connection
      .all(sql)
      .map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([key, value]) => [
            key,
            value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
          ]),
        ),
      );
  return {
    jobs: rows('SELECT kind, state, attempt, step, spool_offset, backend, ended_at, error_code, result FROM job'),
    series: rows(
      'SELECT id, metric, points, last_step, last, min, max, compared, differing FROM series ORDER BY metric',
    ),
    blocks: rows('SELECT * FROM metric_block ORDER BY series, ordinal'),
    rollups: rows('SELECT * FROM metric_rollup ORDER BY series, level, ordinal'),
    superseded: rows('SELECT * FROM metric_superseded'),
    pairs: rows('SELECT step, teacher, student FROM pairs ORDER BY step'),
    progress: rows('SELECT stage, done, total, unit, updated FROM progress'),
    messages: rows('SELECT attempt, level, text FROM message ORDER BY ordinal'),
    checkpoints: rows('SELECT name, kind, sha256, step, score, score_metric FROM checkpoint ORDER BY ordinal'),
    outputs: rows('SELECT entity, duplicate FROM job_output ORDER BY ordinal'),
    datasets: rows('SELECT name FROM dataset'),
    versions: rows('SELECT version, manifest FROM dataset_version'),
    garbage: rows('SELECT * FROM garbage'),
  };
}

test('any split of the spool, and any batch offered again, gives the same tables', () => {
  fc.assert(
    fc.property(
      fc.record({ length: fc.integer({ min: 25, max: 1200 }), cut: fc.nat(), resumeAt: fc.nat() }),
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      (shape, sizes, repeat) => {
        const cut = 1 + (shape.cut % shape.length);
        const records = story(shape.length, cut, shape.resumeAt % (cut + 1));
        const whole = temporaryDatabase();
        ingest(whole, runningRun(whole), { from: 0, records, to: records.length });
        const split = temporaryDatabase();
        const job = runningRun(split);
        for (let begin = 0, turn = 0; begin < records.length; turn += 1) {
          const end = Math.min(records.length, begin + (sizes[turn % sizes.length] ?? 1));
          const batch = { from: begin, records: records.slice(begin, end), to: end };
          expect(ingest(split, job, batch).applied).toBe(true);
          if (repeat) expect(ingest(split, job, batch)).toMatchObject({ applied: false, offset: end });
          begin = end;
        }
        expect(tables(split)).toEqual(tables(whole));
      },
    ),
    { numRuns: 8 },
  );
});

test('a batch that fails half way leaves nothing of itself', () => {
  const connection = temporaryDatabase();
  const job = runningRun(connection);
  const records = story(600, 300, 100);
  ingest(connection, job, { from: 0, records: records.slice(0, 50), to: 50 });
  const before = tables(connection);
  connection.pragma('max_page_count = 60');
  const long = Array.from({ length: 500 }, (): SpoolRecord => ({
    type: 'message',
    level: 'info',
    text: 'x'.repeat(999),
  }));
  let failure: unknown;
  try {
    ingest(connection, job, { from: 50, records: [...records.slice(50), ...long], to: 99 });
  } catch (thrown) {
    failure = thrown;
  }
  expect(failure).toMatchObject({ code: 'DISK_FULL' });
  connection.pragma('max_page_count = 100000');
  expect(tables(connection)).toEqual(before);
});

test('a finished story is told truly', () => {
  const connection = temporaryDatabase();
  const job = runningRun(connection);
  const records = story(100, 60, 40);
  const ingested = ingest(connection, job, { from: 0, records, to: 1 });
  expect(ingested.ended).toBe('finished');
  const detail = jobDetail(connection, job);
  expect(detail.job).toMatchObject({ state: 'finished', step: 100, backend: 'wasm' });
  // A run's stages are told while it runs.
  expect(detail.job.progress).toBeNull();
  // Steps 45, 50, 55 and 60 carry other values in the second attempt.
  expect(detail.replayedDifferently).toBe(4);
  expect(detail.metrics.totalLoss?.lastStep).toBe(100);
  expect(detail.metrics.grad?.max).toBe(100);
  expect(detail.datasets.map(({ name }) => name)).toEqual(['data']);
  const pairs = connection.get('SELECT student FROM pairs WHERE step = 96');
  expect([...decodeColumn(blob(pairs ?? {}, 'student'))]).toEqual([2, Number.NaN]);
});

test('retention keeps the last, the best and the pinned; a file goes with its last row', () => {
  const connection = temporaryDatabase();
  const job = runningRun(connection);
  const other = runningRun(connection);
  let offset = 0;
  const give = (to: string, ...records: SpoolRecord[]) => {
    const from = to === job ? offset : 0;
    const result = ingest(connection, to, { from, records, to: from + records.length });
    if (to === job) offset = result.offset;
    return result;
  };
  give(other, { type: 'checkpoint', step: 5, facts: checkpointFacts('c2') });
  const losses = [9, 8, 1, 7, 6, 5, 4];
  losses.forEach((loss, index) => {
    const step = index + 1;
    const { checkpoints } = give(
      job,
      // Far from the others, so that each mean is led by its own value.
      { type: 'metrics', step, values: { totalLoss: index === 2 ? -1000 : loss * 1000 } },
      { type: 'checkpoint', step, facts: checkpointFacts(`c${step}`) },
    );
    if (step === 1) connection.run('UPDATE checkpoint SET pinned = 1 WHERE id = ?', checkpoints[0] ?? '');
  });
  const kept = connection.all(`SELECT step, sha256 FROM checkpoint WHERE job = ? ORDER BY step`, job);
  expect(kept.map((row) => row.step)).toEqual([1, 3, 6, 7]);
  // The content of step 2 is still that of another run's checkpoint.
  expect(listGarbage(connection).checkpoints).toEqual([hashOf('c4'), hashOf('c5')].sort());
  expect(text(kept[1] ?? {}, 'sha256')).toBe(hashOf('c3'));
});
