import { z } from 'zod';
import { architectureSchema } from './architecture.ts';
import { bundledRunSchema } from './bundle.ts';
import { benchmarkFigureSchema } from './device.ts';
import { checkpointFactsSchema, datasetFactsSchema } from './facts.ts';
import { jobKinds } from './jobs.ts';
import { resultSchema } from './results.ts';
import { errorReportSchema, idPattern, measurement, sha256 } from './values.ts';

/**
 * What an engine process reads and writes. A job is a folder; this file says what its files hold.
 *
 *   job.json     written once when queued: what to do (`jobFileSchema`)
 *   start.json   written before each attempt: where the inputs lie, where to resume (`startFileSchema`)
 *   spool.jsonl  appended by the engine: metrics and events (`spoolRecordSchema`), acknowledged once fsynced
 *   log.txt      what people read when something failed
 */

export const jobFileSchema = z.object({
  formatVersion: z.literal(1),
  id: z.string().regex(idPattern),
  kind: z.enum(jobKinds),
  /** Validated again by the kind's own schema. */
  configuration: z.unknown(),
  createdAt: z.iso.datetime(),
  codeVersion: z.string(),
});
export type JobFile = z.infer<typeof jobFileSchema>;

/** A checkpoint that a job reads: its file inside the library's checkpoints folder. */
export const checkpointInputSchema = z.object({
  id: z.string(),
  name: z.string(),
  sha256,
  architecture: architectureSchema,
});
export type CheckpointInput = z.infer<typeof checkpointInputSchema>;

/** A dataset version that a job reads: the manifest's hash is its file name in the library. */
export const datasetInputSchema = z.object({ id: z.string(), manifest: sha256 });
export type DatasetInput = z.infer<typeof datasetInputSchema>;

export const startFileSchema = z.object({
  attempt: z.int().positive(),
  /** Inputs by the configuration key that refers to them: dataset, teacher, student, init, checkpoint, policy. */
  datasets: z.record(z.string(), datasetInputSchema),
  checkpoints: z.record(z.string(), checkpointInputSchema),
  /** Everything that `verify` has to look at; empty for other kinds. */
  verify: z.array(z.object({ id: z.string(), kind: z.enum(['checkpoint', 'dataset']), sha256 })).default([]),
  /** For a bundle: the run as the library has it, and how many bytes of its spool count. */
  bundle: z.object({ run: bundledRunSchema, spoolBytes: z.int().nonnegative() }).optional(),
  /** For an import: the runs that the library has, which are not imported again. */
  runs: z.array(z.string()).default([]),
  /** The training checkpoint to continue from; absent for a fresh start. */
  resume: z.object({ sha256, step: z.int().nonnegative() }).optional(),
});
export type StartFile = z.infer<typeof startFileSchema>;

/** One line of the spool. Numbers may be NaN or infinite: lines are written by the codec, not by JSON alone. */
export const spoolRecordSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('started'),
    attempt: z.int().positive(),
    at: z.iso.datetime(),
    /** First step that this attempt computes anew is fromStep + 1; metrics beyond fromStep are superseded. */
    fromStep: z.int().nonnegative(),
    backend: z.string().optional(),
    device: z.string().optional(),
  }),
  z.object({
    type: z.literal('metrics'),
    step: z.int().positive(),
    at: z.iso.datetime().optional(),
    values: z.record(z.string(), measurement),
  }),
  /** Teacher's and student's predicted rewards of one batch, for the scatter. */
  z.object({
    type: z.literal('pairs'),
    step: z.int().positive(),
    teacher: z.array(measurement),
    student: z.array(measurement),
  }),
  z.object({
    type: z.literal('progress'),
    stage: z.string(),
    done: z.number(),
    total: z.number(),
    unit: z.string(),
  }),
  z.object({ type: z.literal('checkpoint'), step: z.int().nonnegative(), facts: checkpointFactsSchema }),
  /** A checkpoint file or dataset that the job imported or collected. */
  z.object({ type: z.literal('imported'), name: z.string(), facts: checkpointFactsSchema }),
  z.object({ type: z.literal('dataset'), name: z.string(), facts: datasetFactsSchema }),
  /** A run that came as a bundle: its folder and checkpoint files are in the library when this is written. */
  z.object({ type: z.literal('run'), run: bundledRunSchema }),
  /** Rows of a dataset version that a teacher has labelled so far, of all that could be: on the disk when this is written. */
  z.object({
    type: z.literal('labels'),
    manifest: sha256,
    teacher: sha256,
    done: z.int().nonnegative(),
    total: z.int().nonnegative(),
  }),
  /** What a benchmark measured: kept by the library, whatever becomes of the job. */
  z.object({ type: z.literal('figure'), figure: benchmarkFigureSchema }),
  z.object({ type: z.literal('message'), level: z.enum(['info', 'warning', 'error']), text: z.string() }),
  z.object({ type: z.literal('result'), result: resultSchema }),
  z.object({
    type: z.literal('ended'),
    state: z.enum(['finished', 'stopped', 'failed']),
    at: z.iso.datetime(),
    error: errorReportSchema.optional(),
  }),
]);
export type SpoolRecord = z.infer<typeof spoolRecordSchema>;

/** Host → engine, over the process channel. `leave`: the host goes away, save and exit; a channel that closes says the same. */
export const engineCommandSchema = z.object({ type: z.enum(['stop', 'leave']) });
export type EngineCommand = z.infer<typeof engineCommandSchema>;
/** Engine → host: only a hint that the spool grew; the spool is the truth. */
export const engineHintSchema = z.object({ type: z.literal('spooled'), bytes: z.int() });
export type EngineHint = z.infer<typeof engineHintSchema>;
