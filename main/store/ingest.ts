import type { BundledRun } from '../../shared/bundle.ts';
import { encode } from '../../shared/codec.ts';
import type { SpoolRecord } from '../../shared/jobFolder.ts';
import type { JobState } from '../../shared/jobs.ts';
import { type MetricName } from '../../shared/metrics.ts';
import { at, encodeColumn, pointsOf, type Points } from './blocks.ts';
import { recordFigure } from './benchmarkFigures.ts';
import { addRun } from './bundles.ts';
import { addCheckpoint, addImported, dropSurplusCheckpoints } from './checkpoints.ts';
import { number, numberOrNull, type Connection } from './connection.ts';
import { addDataset } from './datasets.ts';
import { addMessage, getJobRow } from './jobs.ts';
import { recordLabels } from './labels.ts';
import { appendPoints } from './series.ts';
import { supersede } from './superseded.ts';

export interface IngestBatch {
  /** Where in the spool the records begin: must be the offset that the store has, or nothing happens. */
  from: number;
  records: readonly SpoolRecord[];
  /** Where the next record will begin. */
  to: number;
}

export interface Ingested {
  /** False when the batch does not continue what the store has; `offset` then says where to read. */
  applied: boolean;
  offset: number;
  /** Last step with metrics of this batch and its values. */
  step: number | null;
  values: Record<string, number>;
  /** Ids of rows that the batch made or found again. */
  checkpoints: string[];
  datasets: string[];
  /** Runs that came as bundles: their rows are there, their spools are not taken over. */
  runs: BundledRun[];
  /** Datasets whose labels were counted anew. */
  labelled: string[];
  /** Checkpoint rows that retention removed. */
  removedCheckpoints: string[];
  messages: { level: 'info' | 'warning' | 'error'; text: string }[];
  /** Whether something that lists show has changed beside metrics. */
  changed: boolean;
  /** The state that the job ended in, when the batch ends it. */
  ended: JobState | null;
}

/**
 * Takes spool records over in one transaction: rows and spool offset move together, so that a batch is never counted twice and
 * never half. Errors: NOT_FOUND, DISK_FULL.
 */
export function ingest(connection: Connection, job: string, batch: IngestBatch): Ingested {
  return connection.transaction(() => {
    const result: Ingested = {
      applied: false,
      offset: getJobRow(connection, job).spoolOffset,
      step: null,
      values: {},
      checkpoints: [],
      datasets: [],
      runs: [],
      labelled: [],
      removedCheckpoints: [],
      messages: [],
      changed: false,
      ended: null,
    };
    if (result.offset !== batch.from) return result;
    const pending: PendingMetrics = new Map();
    for (const record of batch.records) {
      if (record.type === 'metrics') {
        collect(pending, record, result);
        continue;
      }
      // A checkpoint's score and a new attempt look at the values before them.
      flush(connection, job, pending, result);
      applyRecord(connection, job, record, result);
    }
    flush(connection, job, pending, result);
    connection.run(
      'UPDATE job SET spool_offset = ?, step = max(step, ?) WHERE id = ?',
      batch.to,
      result.step ?? 0,
      job,
    );
    return { ...result, applied: true, offset: batch.to };
  });
}

type PendingMetrics = Map<string, Map<number, number>>;
type RecordOf<Type extends SpoolRecord['type']> = Extract<SpoolRecord, { type: Type }>;

function collect(pending: PendingMetrics, record: RecordOf<'metrics'>, result: Ingested): void {
  for (const [metric, value] of Object.entries(record.values)) {
    let points = pending.get(metric);
    if (points === undefined) pending.set(metric, (points = new Map<number, number>()));
    points.set(record.step, value);
  }
  if (record.step !== result.step) result.values = {};
  result.step = record.step;
  Object.assign(result.values, record.values);
}

function flush(connection: Connection, job: string, pending: PendingMetrics, result: Ingested): void {
  let step = 0;
  for (const [metric, points] of pending) {
    const ordered = pointsOf([...points].sort(([left], [right]) => left - right));
    step = Math.max(step, at(ordered.steps, ordered.steps.length - 1));
    appendPoints(connection, job, metric, ordered);
    if (metric === 'stepsPerSecond') appendTrainingTime(connection, job, ordered, result);
  }
  if (step > 0) connection.run('UPDATE job SET step = max(step, ?) WHERE id = ?', step, job);
  pending.clear();
}

/** A speed counts for the updates since the one before it: their sum is the time of the run's own work. */
function appendTrainingTime(connection: Connection, job: string, speeds: Points, result: Ingested): void {
  const metric: MetricName = 'trainingSeconds';
  const before = connection.get('SELECT last, last_step FROM series WHERE job = ? AND metric = ?', job, metric);
  let seconds = before === undefined ? 0 : (numberOrNull(before, 'last') ?? 0);
  let step = before === undefined ? 0 : number(before, 'last_step');
  const values = speeds.values.map((speed, index) => {
    const updates = Math.max(0, at(speeds.steps, index) - step);
    step = Math.max(step, at(speeds.steps, index));
    if (speed > 0) seconds += updates / speed;
    return seconds;
  });
  appendPoints(connection, job, metric, { steps: speeds.steps, values });
  if (result.step === step) result.values[metric] = seconds;
}

function applyRecord(
  connection: Connection,
  job: string,
  record: Exclude<SpoolRecord, { type: 'metrics' }>,
  result: Ingested,
): void {
  switch (record.type) {
    case 'started':
      applyStarted(connection, job, record);
      result.step = null;
      result.changed = true;
      return;
    case 'pairs':
      connection.run(
        'INSERT OR REPLACE INTO pairs (job, step, teacher, student) VALUES (?, ?, ?, ?)',
        job,
        record.step,
        encodeColumn(Float64Array.from(record.teacher)),
        encodeColumn(Float64Array.from(record.student)),
      );
      return;
    case 'progress':
      applyProgress(connection, job, record);
      result.changed = true;
      return;
    case 'checkpoint': {
      result.checkpoints.push(addCheckpoint(connection, job, record.step, record.facts));
      result.removedCheckpoints.push(...dropSurplusCheckpoints(connection, job));
      result.changed = true;
      return;
    }
    case 'imported':
      result.checkpoints.push(addImported(connection, job, record.name, record.facts).id);
      result.changed = true;
      return;
    case 'dataset':
      result.datasets.push(addDataset(connection, job, record.name, record.facts).id);
      result.changed = true;
      return;
    case 'run': {
      const checkpoints = addRun(connection, record.run);
      if (checkpoints === undefined) return;
      result.runs.push(record.run);
      result.checkpoints.push(...checkpoints);
      return;
    }
    case 'labels':
      result.labelled = [...new Set([...result.labelled, ...recordLabels(connection, record)])];
      return;
    case 'figure':
      recordFigure(connection, job, record.figure);
      result.changed = true;
      return;
    case 'message':
      addMessage(connection, job, record.level, record.text);
      result.messages.push({ level: record.level, text: record.text });
      return;
    case 'result':
      connection.run('UPDATE job SET result = ? WHERE id = ?', encode(record.result), job);
      result.changed = true;
      return;
    case 'ended':
      result.ended = applyEnded(connection, job, record) ? record.state : result.ended;
      result.changed = true;
  }
}

/** Everything after `fromStep` is computed again: what earlier attempts recorded there is set aside. */
function applyStarted(connection: Connection, job: string, record: RecordOf<'started'>): void {
  supersede(connection, job, record.fromStep);
  connection.run('DELETE FROM pairs WHERE job = ? AND step > ?', job, record.fromStep);
  connection.run(
    'UPDATE job SET step = ?, backend = coalesce(?, backend), device = coalesce(?, device) WHERE id = ?',
    record.fromStep,
    record.backend ?? null,
    record.device ?? null,
    job,
  );
}

function applyProgress(connection: Connection, job: string, record: RecordOf<'progress'>): void {
  const latest = connection.get('SELECT max(updated) AS latest FROM progress WHERE job = ?', job);
  const updated = latest === undefined || latest.latest === null ? 1 : number(latest, 'latest') + 1;
  connection.run(
    'INSERT OR REPLACE INTO progress (job, stage, done, total, unit, updated) VALUES (?, ?, ?, ?, ?, ?)',
    job,
    record.stage,
    record.done,
    record.total,
    record.unit,
    updated,
  );
}

/** A job that nobody runs any more keeps the state that was settled. */
function applyEnded(connection: Connection, job: string, record: RecordOf<'ended'>): boolean {
  const { changes } = connection.run(
    `UPDATE job SET state = ?, ended_at = ?, error_code = ?, error_detail = ?
      WHERE id = ? AND state IN ('running', 'stopping')`,
    record.state,
    record.at,
    record.error?.code ?? null,
    record.error?.detail ?? null,
    job,
  );
  return changes > 0;
}

/** After a spool was found shorter than what was taken over: goes on at its end. Errors: NOT_FOUND. */
export function moveSpoolOffset(connection: Connection, job: string, offset: number): void {
  getJobRow(connection, job);
  connection.run('UPDATE job SET spool_offset = ? WHERE id = ?', offset, job);
}
