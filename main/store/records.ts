import { z } from 'zod';
import { decode } from '../../shared/codec.ts';
import { errorCatalogue, type ErrorCode } from '../../shared/errors.ts';
import { checkpointFactsSchema, datasetFactsSchema } from '../../shared/facts.ts';
import { jobConfigurationSchemas, jobKinds, jobStates, type JobKind, type JobState } from '../../shared/jobs.ts';
import type {
  CheckpointRecord,
  DatasetRecord,
  GroupRecord,
  JobRecord,
  metricSummarySchema,
  RunRecord,
} from '../../shared/records.ts';
import { resultSchema, type JobResult } from '../../shared/results.ts';
import { errorReportSchema } from '../../shared/values.ts';
import { number, numberOrNaN, numberOrNull, text, textOrNull, type Connection, type SqlRow } from './connection.ts';
import { labelsOf } from './labels.ts';

export type MetricSummary = z.infer<typeof metricSummarySchema>;

const kindSchema = z.enum(jobKinds);
export const stateSchema = z.enum(jobStates);
const tagsSchema = z.array(z.string());

/** What supervision needs to know of a job, beside what people see. */
export interface JobRow {
  id: string;
  kind: JobKind;
  state: JobState;
  lane: 'training' | 'light';
  attempt: number;
  configuration: unknown;
  enginePid: number | null;
  engineStarted: string | null;
  spoolOffset: number;
  createdAt: string;
  codeVersion: string;
}

export function jobRow(row: SqlRow): JobRow {
  return {
    id: text(row, 'id'),
    kind: kindSchema.parse(row.kind),
    state: stateSchema.parse(row.state),
    lane: row.lane === 'light' ? 'light' : 'training',
    attempt: number(row, 'attempt'),
    configuration: decode(text(row, 'configuration')),
    enginePid: numberOrNull(row, 'engine_pid'),
    engineStarted: textOrNull(row, 'engine_started'),
    spoolOffset: number(row, 'spool_offset'),
    createdAt: text(row, 'created_at'),
    codeVersion: text(row, 'code_version'),
  };
}

/** Columns of `job` with the latest progress beside them. */
export const jobColumns = `job.*, progress.stage, progress.done, progress.total, progress.unit
  FROM job LEFT JOIN progress ON progress.job = job.id AND progress.stage = (
    SELECT stage FROM progress WHERE progress.job = job.id ORDER BY updated DESC LIMIT 1)`;

export function jobRecord(row: SqlRow): JobRecord {
  const steps = numberOrNull(row, 'steps');
  const code = textOrNull(row, 'error_code');
  return {
    id: text(row, 'id'),
    kind: kindSchema.parse(row.kind),
    name: text(row, 'name'),
    group: textOrNull(row, 'group_id'),
    ordinal: number(row, 'ordinal'),
    position: number(row, 'position'),
    state: stateSchema.parse(row.state),
    step: steps === null ? null : number(row, 'step'),
    steps,
    attempt: number(row, 'attempt'),
    progress:
      textOrNull(row, 'stage') === null || (steps !== null && row.state !== 'running' && row.state !== 'stopping')
        ? null
        : {
            stage: text(row, 'stage'),
            done: numberOrNaN(row, 'done'),
            total: numberOrNaN(row, 'total'),
            unit: text(row, 'unit'),
          },
    createdAt: text(row, 'created_at'),
    startedAt: textOrNull(row, 'started_at'),
    endedAt: textOrNull(row, 'ended_at'),
    error: code === null ? null : errorOf(code, text(row, 'error_detail')),
    backend: textOrNull(row, 'backend'),
    device: textOrNull(row, 'device'),
    tags: row.tags === '[]' ? [] : tagsSchema.parse(decode(text(row, 'tags'))),
  };
}

/** A code that an older or newer version wrote and this one does not know becomes INTERNAL. */
function errorOf(code: string, detail: string): { code: ErrorCode; detail: string } {
  if (!Object.hasOwn(errorCatalogue, code)) return { code: 'INTERNAL', detail: `${code}: ${detail}` };
  return errorReportSchema.parse({ code, detail });
}

const parsedConfigurations = new Map<string, RunRecord['config']>();

/** A run's configuration never changes after it was queued: it is parsed once for each run. */
function runConfiguration(row: SqlRow): RunRecord['config'] {
  const id = text(row, 'id');
  let parsed = parsedConfigurations.get(id);
  if (parsed === undefined) {
    parsed = jobConfigurationSchemas.train.parse(decode(text(row, 'configuration')));
    parsedConfigurations.set(id, parsed);
  }
  return parsed;
}

export function runRecord(row: SqlRow, metrics: Record<string, MetricSummary>): RunRecord {
  return {
    ...jobRecord(row),
    kind: 'train',
    config: runConfiguration(row),
    metrics,
    notes: text(row, 'notes'),
  };
}

export function metricSummary(row: SqlRow): MetricSummary {
  return {
    last: numberOrNaN(row, 'last'),
    lastStep: number(row, 'last_step'),
    min: numberOrNaN(row, 'min'),
    max: numberOrNaN(row, 'max'),
  };
}

export function checkpointRecord(row: SqlRow): CheckpointRecord {
  return {
    id: text(row, 'id'),
    name: text(row, 'name'),
    createdAt: text(row, 'created_at'),
    facts: checkpointFactsSchema.parse(decode(text(row, 'facts'))),
    run: row.kind === 'run' ? textOrNull(row, 'job') : null,
    step: numberOrNull(row, 'step'),
    pinned: number(row, 'pinned') === 1,
  };
}

/** Columns of `dataset` with its newest version. */
export const datasetColumns = `dataset.id, dataset.name, dataset.created_at, dataset_version.version,
  dataset_version.facts FROM dataset JOIN dataset_version ON dataset_version.dataset = dataset.id
    AND dataset_version.version = (SELECT max(version) FROM dataset_version WHERE dataset = dataset.id)`;

export function datasetRecord(connection: Connection, row: SqlRow): DatasetRecord {
  const facts = datasetFactsSchema.parse(decode(text(row, 'facts')));
  return {
    id: text(row, 'id'),
    name: text(row, 'name'),
    createdAt: text(row, 'created_at'),
    version: number(row, 'version'),
    facts,
    labels: labelsOf(connection, facts.manifest),
  };
}

/** Null before a job has one. */
export function resultOf(row: SqlRow): JobResult | null {
  return row.result === null ? null : resultSchema.parse(decode(text(row, 'result')));
}

/** A group with its jobs in the order of queueing. */
export function groupRecord(connection: Connection, row: SqlRow): GroupRecord {
  const id = text(row, 'id');
  return {
    id,
    kind: text(row, 'kind'),
    title: text(row, 'title'),
    jobs: connection
      .all(`SELECT ${jobColumns} WHERE job.group_id = ? ORDER BY job.ordinal`, id)
      .map((job) => jobRecord(job)),
  };
}
