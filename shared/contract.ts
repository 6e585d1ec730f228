import { z } from 'zod';
import {
  backendReportSchema,
  benchmarkRecordSchema,
  benchmarkSeconds,
  deviceSchema,
  doctorReportSchema,
  telemetrySchema,
} from './device.ts';
import { libraryUsageSchema } from './diskUse.ts';
import { exportFormats, exportPrecisions, toolNames, toolVariants } from './jobs.ts';
import {
  checkpointRecordSchema,
  datasetRecordSchema,
  groupRecordSchema,
  jobDetailSchema,
  jobRecordSchema,
  presetSchema,
  runRecordSchema,
  seriesSchema,
} from './records.ts';
import { settingNames } from './settings.ts';
import { entryName, errorReportSchema, measurement, reference, runNotes, runTags } from './values.ts';

/**
 * The contract between the host and everything that a person uses: the window, the browser and the command line.
 * Each request has an input and an output; events are pushed. Nothing is reachable that is not listed here.
 */

const id = reference;
/** A tool that `decant doctor --setup` can put into the user's tools folder, which all libraries share. */
export const toolReportSchema = z.object({
  tool: z.enum(toolNames),
  variant: z.enum(toolVariants),
  version: z.string(),
  /** partial: a set-up was begun and can go on where it stopped. */
  state: z.enum(['absent', 'partial', 'ready']),
  folder: z.string(),
  /** Bytes that a set-up from the start downloads, what it leaves on the disk, and what it needs at most meanwhile. */
  downloadBytes: z.number(),
  installedBytes: z.number(),
  neededBytes: z.number(),
  /** What lies in the folder now. */
  usedBytes: z.number(),
  /** Sentences naming what the set-up would miss on this machine; empty when it can begin. */
  missing: z.array(z.string()),
  /** Sentences that should be read before a set-up and do not prevent it. */
  warnings: z.array(z.string()),
  /** The job that sets it up now; its progress and its end come as job events. */
  job: z.string().nullable(),
});
export type ToolReport = z.infer<typeof toolReportSchema>;
const toolChoice = z.strictObject({ tool: z.enum(toolNames), variant: z.enum(toolVariants) });

const nothing = z.strictObject({});
/** Part of a list that is newest first; all of it without entries. Errors: NOT_FOUND when `before` was deleted meanwhile. */
const page = z.strictObject({
  limit: z.int().positive().max(100_000).optional(),
  /** Only what is older than this id. */
  before: id.optional(),
});
const jobId = z.object({ id: z.string() });

/** `trusted` requests are answered only on the user's own local socket: they name paths. */
interface RequestShape {
  input: z.ZodType;
  output: z.ZodType;
  trusted?: true;
}

export const requests = {
  'library.info': { input: nothing, output: z.object({ home: z.string(), version: z.string() }) },
  'library.resolve': {
    input: z.strictObject({ reference: id }),
    output: z.object({ id: z.string(), kind: z.enum(['job', 'checkpoint', 'dataset']) }),
  },
  'library.verify': { input: z.strictObject({ id: id.optional() }), output: jobId },
  /** Deletes whatever the id names; says what goes. With `dryRun` it says what would go, or why not, and deletes nothing. */
  'library.delete': {
    input: z.strictObject({ id, dryRun: z.boolean().optional() }),
    output: z.object({ removed: z.array(z.string()), bytes: z.number() }),
  },
  /** Bytes by kind and what of them can go. */
  'library.usage': { input: nothing, output: libraryUsageSchema },
  /**
   * Frees what `library.usage` named, after a look whether it may still go: all of it or nothing. Files that a running job keeps from being
   * removed go when it ends: `laterBytes`. Errors: NOT_FOUND for what is not offered any more, IN_USE naming what needs it.
   */
  'library.free': {
    input: z.strictObject({ what: z.array(id).min(1).max(10_000) }),
    output: z.object({ bytes: z.number(), laterBytes: z.number() }),
  },

  /** Turns paths into a grant; transports that reach a browser never answer it. */
  'grants.create': {
    input: z.strictObject({ paths: z.array(z.string().min(1)).min(1), use: z.enum(['read', 'write']) }),
    output: z.object({ grant: z.string() }),
    trusted: true,
  },
  'import.start': { input: z.strictObject({ grant: z.string(), name: entryName.optional() }), output: jobId },
  'export.start': {
    input: z.strictObject({
      checkpoint: id,
      format: z.enum(exportFormats),
      precision: z.enum(exportPrecisions),
      /** A folder to write to; without it the file stays with the job, from where it can be fetched. */
      grant: z.string().optional(),
    }),
    output: jobId,
  },
  /** Writes a run that has ended as one file that another library imports. Errors: IN_USE while it is queued or running. */
  'bundle.start': {
    input: z.strictObject({
      run: id,
      /** A folder to write to; without it the file stays with the job, from where it can be fetched. */
      grant: z.string().optional(),
    }),
    output: jobId,
  },

  'datasets.list': { input: nothing, output: z.array(datasetRecordSchema) },
  'checkpoints.list': { input: nothing, output: z.array(checkpointRecordSchema) },
  'checkpoints.pin': { input: z.strictObject({ id, pinned: z.boolean() }), output: nothing },
  'runs.list': { input: page, output: z.array(runRecordSchema) },
  'runs.annotate': {
    input: z.strictObject({
      id,
      name: entryName.optional(),
      notes: runNotes.optional(),
      tags: runTags.optional(),
    }),
    output: nothing,
  },
  /** The configuration is validated by the run schema in the host, so that an error names its key. */
  'runs.start': { input: z.strictObject({ config: z.unknown() }), output: jobId },
  'runs.estimate': { input: z.strictObject({ config: z.unknown() }), output: jobId },
  'presets.list': { input: nothing, output: z.array(presetSchema) },
  /** The configuration that a preset stands for, with inputs found in the library. */
  'presets.configuration': { input: z.strictObject({ name: z.string() }), output: z.object({ config: z.unknown() }) },
  /** The quick pour: a chain of jobs in one group. */
  'quick.start': {
    input: z.strictObject({ seed: z.int().nonnegative().optional() }),
    output: z.object({ group: z.string(), jobs: z.array(z.string()) }),
  },
  'groups.get': { input: z.strictObject({ id }), output: groupRecordSchema },

  'jobs.list': { input: page, output: z.array(jobRecordSchema) },
  'jobs.get': { input: z.strictObject({ id }), output: jobDetailSchema },
  'jobs.start': {
    input: z.strictObject({ kind: z.enum(['collect', 'label', 'evaluate', 'assess']), config: z.unknown() }),
    output: jobId,
  },
  'jobs.stop': { input: z.strictObject({ id }), output: nothing },
  'jobs.resume': { input: z.strictObject({ id }), output: nothing },
  'jobs.log': {
    input: z.strictObject({ id, maxBytes: z.int().positive().max(1_000_000).optional() }),
    output: z.object({ text: z.string() }),
  },

  'metrics.read': {
    input: z.strictObject({
      id,
      metrics: z.array(z.string()).optional(),
      fromStep: z.int().nonnegative().optional(),
      toStep: z.int().nonnegative().optional(),
      /** Bins wanted; each is a power of two of steps wide, so that a curve keeps its shape while it grows. */
      maxPoints: z.int().positive().max(10_000_000).optional(),
    }),
    output: z.array(seriesSchema),
  },
  'metrics.pairs': {
    input: z.strictObject({ id, limit: z.int().positive().max(1000).optional() }),
    output: z.array(z.object({ step: z.int(), teacher: z.array(measurement), student: z.array(measurement) })),
  },
  /** What a person arranged; null until something was saved. The value has the shape that shared/settings.ts gives its key. */
  'settings.get': {
    input: z.strictObject({ key: z.enum(settingNames) }),
    output: z.object({ value: z.unknown() }),
  },
  /** Errors: REQUEST_INVALID for a value of another shape. */
  'settings.set': {
    input: z.strictObject({ key: z.enum(settingNames), value: z.unknown() }),
    output: nothing,
  },
  doctor: { input: nothing, output: doctorReportSchema },
  'device.describe': { input: nothing, output: deviceSchema },
  /** Tries every backend in a process of its own, which takes a moment. Errors: BACKEND_UNAVAILABLE where that process cannot say. */
  'device.backends': { input: nothing, output: z.array(backendReportSchema) },
  /** Looks how busy the machine is: ask again and again for as long as somebody watches. Several who ask share a look. */
  'device.telemetry': { input: nothing, output: telemetrySchema },
  /**
   * Queues one job for each backend that works, which share the seconds; names the jobs of a benchmark that has not ended instead.
   * Errors: BACKEND_UNAVAILABLE where none works.
   */
  'device.benchmark': {
    input: z.strictObject({ seconds: z.number().min(1).max(600).default(benchmarkSeconds) }),
    output: z.object({ group: z.string(), jobs: z.array(z.string()) }),
  },
  /** What benchmarks found, newest first. */
  'device.benchmarks': {
    input: z.strictObject({ limit: z.int().positive().max(10_000).optional() }),
    output: z.array(benchmarkRecordSchema),
  },
  'tools.list': { input: nothing, output: z.array(toolReportSchema) },
  /** Queues a job of kind "setup", or names the one that is at it. */
  'tools.setup': { input: toolChoice, output: jobId },
  /** Removes the tool's folder. Errors: IN_USE while a set-up works in it or a run computes by it. */
  'tools.remove': { input: toolChoice, output: z.object({ bytes: z.number() }) },
} as const satisfies Record<string, RequestShape>;

export type RequestName = keyof typeof requests;
export type RequestInput<Name extends RequestName> = z.input<(typeof requests)[Name]['input']>;
export type RequestOutput<Name extends RequestName> = z.output<(typeof requests)[Name]['output']>;

/** What the host pushes to everyone who listens. */
export const eventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('job'), job: jobRecordSchema }),
  z.object({ type: z.literal('metrics'), id: z.string(), step: z.int(), values: z.record(z.string(), measurement) }),
  z.object({
    type: z.literal('message'),
    id: z.string(),
    level: z.enum(['info', 'warning', 'error']),
    text: z.string(),
  }),
  z.object({ type: z.literal('checkpoint'), checkpoint: checkpointRecordSchema }),
  z.object({ type: z.literal('dataset'), dataset: datasetRecordSchema }),
  z.object({ type: z.literal('deleted'), id: z.string() }),
]);
export type HostEvent = z.infer<typeof eventSchema>;

/** One client of the host, whatever carries it. */
export interface HostClient {
  request<Name extends RequestName>(name: Name, input: RequestInput<Name>): Promise<RequestOutput<Name>>;
  /** Returns a function that ends the subscription. */
  subscribe(listener: (event: HostEvent) => void): () => void;
  close(): Promise<void>;
}

/** The envelope on every transport. */
export const clientMessageSchema = z.strictObject({ id: z.int().nonnegative(), name: z.string(), input: z.unknown() });
export const hostMessageSchema = z.union([
  z.object({ id: z.int(), output: z.unknown() }),
  z.object({ id: z.int(), error: errorReportSchema }),
  z.object({ event: eventSchema }),
]);
