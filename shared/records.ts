import { z } from 'zod';
import { checkpointFactsSchema, datasetFactsSchema } from './facts.ts';
import { jobConfigurationSchemas, jobKinds, jobStates } from './jobs.ts';
import { resultSchema } from './results.ts';
import { errorReportSchema, measurement } from './values.ts';

/** What the host tells of the things in a library. */

const instant = z.iso.datetime();

export const metricSummarySchema = z.object({
  last: measurement,
  lastStep: z.int(),
  min: measurement,
  max: measurement,
});

/** Any job; a run is a job of kind "train". */
export const jobRecordSchema = z.object({
  id: z.string(),
  kind: z.enum(jobKinds),
  name: z.string(),
  group: z.string().nullable(),
  /** Rises with every job that is queued, also with those of a chain, which begin at one instant: lists are ordered by it. */
  ordinal: z.int(),
  /** Place in the queue, the smallest first; another one after each time that the job was queued again. */
  position: z.int(),
  state: z.enum(jobStates),
  /** Last acknowledged step, and the steps asked for; null for kinds without steps. */
  step: z.int().nullable(),
  steps: z.int().nullable(),
  attempt: z.int(),
  /** Latest progress of a kind without steps, or of a stage such as labelling. */
  progress: z.object({ stage: z.string(), done: z.number(), total: z.number(), unit: z.string() }).nullable(),
  createdAt: instant,
  startedAt: instant.nullable(),
  endedAt: instant.nullable(),
  error: errorReportSchema.nullable(),
  backend: z.string().nullable(),
  device: z.string().nullable(),
  tags: z.array(z.string()),
});
export type JobRecord = z.infer<typeof jobRecordSchema>;

/** A row of the runs table: everything that a list shows, without a second question. */
export const runRecordSchema = jobRecordSchema.extend({
  kind: z.literal('train'),
  config: jobConfigurationSchemas.train,
  metrics: z.record(z.string(), metricSummarySchema),
  notes: z.string(),
});
export type RunRecord = z.infer<typeof runRecordSchema>;

export const checkpointRecordSchema = z.object({
  id: z.string(),
  name: z.string(),
  createdAt: instant,
  facts: checkpointFactsSchema,
  /** The run that wrote it and at which step; null for an imported one. */
  run: z.string().nullable(),
  step: z.int().nullable(),
  pinned: z.boolean(),
});
export type CheckpointRecord = z.infer<typeof checkpointRecordSchema>;

export const datasetRecordSchema = z.object({
  id: z.string(),
  name: z.string(),
  createdAt: instant,
  version: z.int().positive(),
  facts: datasetFactsSchema,
  /** Rows of this version that each teacher has labelled; `teacher` is the id of its checkpoint. */
  labels: z.array(
    z.object({
      teacher: z.string(),
      teacherName: z.string(),
      done: z.int().nonnegative(),
      total: z.int().nonnegative(),
    }),
  ),
});
export type DatasetRecord = z.infer<typeof datasetRecordSchema>;

export const jobDetailSchema = z.object({
  job: jobRecordSchema,
  /** The configuration snapshotted when it was queued. */
  config: z.unknown(),
  checkpoints: z.array(checkpointRecordSchema),
  datasets: z.array(datasetRecordSchema),
  result: resultSchema.nullable(),
  messages: z.array(z.object({ level: z.enum(['info', 'warning', 'error']), text: z.string() })),
  metrics: z.record(z.string(), metricSummarySchema),
  /** Values that a replay after a resume reproduced differently from the ones it superseded. */
  replayedDifferently: z.int(),
  notes: z.string(),
});
export type JobDetail = z.infer<typeof jobDetailSchema>;

/** A chart of one metric as columns of bins: single steps, or several with their extremes. `steps` holds each bin's last one. */
export const seriesSchema = z.object({
  metric: z.string(),
  /** Recorded steps to a full bin: a power of two. Bins begin at multiples of it, counted from the first recorded step. */
  pointsPerBin: z.int().positive(),
  steps: z.instanceof(Float64Array),
  last: z.instanceof(Float64Array),
  min: z.instanceof(Float64Array),
  max: z.instanceof(Float64Array),
});
export type Series = z.infer<typeof seriesSchema>;

export const groupRecordSchema = z.object({
  id: z.string(),
  kind: z.string(),
  title: z.string(),
  jobs: z.array(jobRecordSchema),
});
export type GroupRecord = z.infer<typeof groupRecordSchema>;

export const presetSchema = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  /** What must be imported first; empty for quick. */
  needs: z.array(z.string()),
});
export type PresetRecord = z.infer<typeof presetSchema>;
