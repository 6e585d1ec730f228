import { z } from 'zod';
import { architectureSchema } from './architecture.ts';
import { backendNames, runConfigurationSchema } from './configuration.ts';
import { benchmarkFigureSchema } from './device.ts';
import { errorCatalogue, type ErrorCode } from './errors.ts';
import { tasks } from './tasks.ts';

/**
 * Jobs: what an engine process does. A job is a folder; this file says what its files hold.
 *
 *   job.json     written once when queued: what to do (`jobFileSchema`)
 *   start.json   written before each attempt: where the inputs lie, where to resume (`startFileSchema`)
 *   spool.jsonl  appended by the engine: metrics and events (`spoolRecordSchema`), acknowledged once fsynced
 *   log.txt      what people read when something failed
 */

/** Library ids: a letter for the kind and ten characters. */
export const idPattern = /^[a-z]-[0-9a-z]{10}$/;
const reference = z.string().min(1).max(200);
/** A measured value: unlike `z.number()`, NaN and infinities are allowed, as they are what a diverging run measures. */
export const measurement = z.custom<number>((value) => typeof value === 'number', 'not a number');
const taskName = z.enum(tasks.map((task) => task.name));
const seed = z
  .int()
  .nonnegative()
  .max(2 ** 31 - 1);

export const exportFormats = ['safetensors', 'pt'] as const;
export const exportPrecisions = ['fp32', 'fp16'] as const;
export const toolNames = ['tensorflow'] as const;
/** cuda: with NVIDIA's libraries, for a GPU. */
export const toolVariants = ['cpu', 'cuda'] as const;
export type ToolVariant = (typeof toolVariants)[number];

/**
 * A reference is an id, an unambiguous prefix, a name, or `job:<id>`: the dataset or the last checkpoint that this
 * earlier job makes. The host resolves it when the job starts; a job with such a reference waits for the other.
 */
export const jobConfigurationSchemas = {
  /** Reads a dataset chunk, a folder of chunks, a checkpoint, or the bundle of a run, recognised by content. */
  import: z.strictObject({ paths: z.array(z.string().min(1)).min(1), name: z.string().max(200).optional() }),
  /** Records episodes in the simulator; `policy` is "random" or a checkpoint acting by samples of its policy. */
  collect: z.strictObject({
    tasks: z.array(taskName).min(1),
    policy: reference.default('random'),
    episodes: z.int().positive(),
    seed: seed.default(1),
    name: z.string().max(200).optional(),
  }),
  /** Fills the teacher's reward column for a whole dataset. */
  label: z.strictObject({ dataset: reference, teacher: reference, backend: z.enum(backendNames).default('auto') }),
  train: runConfigurationSchema,
  export: z.strictObject({
    checkpoint: reference,
    format: z.enum(exportFormats).default('safetensors'),
    precision: z.enum(exportPrecisions).default('fp16'),
    /** Folder that receives the file; without it the file stays in the job's folder. */
    folder: z.string().min(1).optional(),
  }),
  /** Writes a run that has ended as one file that another library imports. */
  bundle: z.strictObject({
    run: reference,
    /** Folder that receives the file; without it the file stays in the job's folder. */
    folder: z.string().min(1).optional(),
  }),
  /** Episodes in the simulator by the checkpoint's policy. */
  evaluate: z.strictObject({
    checkpoint: reference,
    tasks: z.array(taskName).min(1),
    episodes: z.int().positive().default(1),
    planner: z.enum(['policy', 'mppi']).default('policy'),
    sample: z.boolean().default(false),
    seed: seed.default(1),
    backend: z.enum(backendNames).default('auto'),
  }),
  /** Reward error on the held-out episodes: student, teacher, an untrained student, the best constant. */
  assess: z.strictObject({
    dataset: reference,
    student: reference,
    teacher: reference.optional(),
    validationEpisodes: z.int().positive(),
    seed: seed.default(1),
    backend: z.enum(backendNames).default('auto'),
  }),
  /** Measures a few updates and the memory of a configuration before it is started. */
  estimate: runConfigurationSchema,
  /** Measures one backend for about so many seconds, on random weights and data. */
  benchmark: z.strictObject({
    backend: z.enum(backendNames),
    seconds: z.number().positive().max(600),
    /** Whether `auto` means this backend. */
    automatic: z.boolean().default(false),
  }),
  /** Hashes every file of the library, or of one entry, again. */
  verify: z.strictObject({ id: z.string().optional() }),
  /** Puts a tool that npm does not carry into the user's tools folder; goes on where an earlier attempt stopped. */
  setup: z.strictObject({ tool: z.enum(toolNames), variant: z.enum(toolVariants).default('cpu') }),
} as const;

export type JobKind = keyof typeof jobConfigurationSchemas;
export const jobKinds = Object.keys(jobConfigurationSchemas) as JobKind[];
export type JobConfiguration<Kind extends JobKind = JobKind> = z.output<(typeof jobConfigurationSchemas)[Kind]>;

/** Jobs of one lane run one after the other; light ones never wait behind a training run. */
export type Lane = 'training' | 'light';
const trainingKinds: readonly JobKind[] = ['train', 'collect', 'label', 'evaluate', 'benchmark'];
export function laneOf(kind: JobKind): Lane {
  return trainingKinds.includes(kind) ? 'training' : 'light';
}

/**
 * queued → running → finished | failed | stopping → stopped; a running job whose engine vanished is interrupted.
 * stopped, failed and interrupted jobs can be resumed: they are queued again.
 */
export const jobStates = ['queued', 'running', 'stopping', 'stopped', 'finished', 'failed', 'interrupted'] as const;
export type JobState = (typeof jobStates)[number];

export const errorReportSchema = z.object({
  code: z.enum(Object.keys(errorCatalogue) as [ErrorCode, ...ErrorCode[]]),
  detail: z.string(),
});

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

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

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

/** A checkpoint's facts, computed by the engine that wrote or imported it. */
export const checkpointFactsSchema = z.object({
  sha256,
  bytes: z.int().nonnegative(),
  architecture: architectureSchema,
  /** Storage precision of the source: what an imported file held. */
  precision: z.enum(['fp32', 'fp16', 'int8', 'mixed']),
  parameters: z.int().positive(),
  modules: z.array(z.object({ name: z.string(), parameters: z.int(), dtypes: z.array(z.string()) })),
  /** Holds optimiser moments and counters, so that training can continue from it. */
  trainingState: z.boolean(),
  warnings: z.array(z.string()),
  layout: z.enum(['td-mpc-opt', 'tdmpc2']).optional(),
});
export type CheckpointFacts = z.infer<typeof checkpointFactsSchema>;

/** A run as it travels: what its library knew of it beside the spool. Inputs are named, not contained. */
export const bundledRunSchema = z.object({
  id: z.string().regex(/^r-[0-9a-z]{10}$/),
  name: z.string().max(200),
  tags: z.array(z.string().max(100)).max(100),
  notes: z.string().max(100_000),
  state: z.enum(['finished', 'stopped', 'failed', 'interrupted']),
  error: errorReportSchema.nullable(),
  configuration: runConfigurationSchema,
  codeVersion: z.string(),
  createdAt: z.iso.datetime(),
  startedAt: z.iso.datetime().nullable(),
  endedAt: z.iso.datetime().nullable(),
  attempt: z.int().positive(),
  step: z.int().nonnegative(),
  checkpoints: z.array(
    z.object({
      name: z.string(),
      step: z.int().nonnegative(),
      createdAt: z.iso.datetime(),
      pinned: z.boolean(),
      score: measurement.nullable(),
      scoreMetric: z.string().nullable(),
      facts: checkpointFactsSchema,
    }),
  ),
  /** Dataset, teacher and start by configuration key; `content` is a manifest's hash or a checkpoint's. */
  inputs: z.array(
    z.object({
      key: z.string(),
      entity: z.enum(['checkpoint', 'dataset']),
      id: z.string().regex(idPattern),
      name: z.string(),
      content: sha256,
    }),
  ),
});
export type BundledRun = z.infer<typeof bundledRunSchema>;

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

export const returnSummarySchema = z.object({
  min: z.number(),
  mean: z.number(),
  max: z.number(),
  /** Counts of episodes by return, over equal bins of [0, 1000]. */
  histogram: z.array(z.int().nonnegative()),
});

export const datasetFactsSchema = z.object({
  manifest: sha256,
  episodes: z.int().positive(),
  /** Rows that a window may start at or cross: episodes x (episode length - 1) actions. */
  transitions: z.int().positive(),
  episodeLength: z.int().positive(),
  bytes: z.int().nonnegative(),
  tasks: z.array(
    z.object({ task: z.int(), name: z.string(), episodes: z.int(), segments: z.int(), returns: returnSummarySchema }),
  ),
  lineage: z.object({ source: z.enum(['import', 'collect']), description: z.string() }),
});
export type DatasetFacts = z.infer<typeof datasetFactsSchema>;

/** A file that a job made for a person. */
export const fileReportSchema = z.object({ file: z.string(), path: z.string(), bytes: z.int(), sha256 });
export type FileReport = z.infer<typeof fileReportSchema>;

export const bundleReportSchema = fileReportSchema.extend({ checkpoints: z.int().nonnegative() });
export type BundleReport = z.infer<typeof bundleReportSchema>;

export const exportReportSchema = fileReportSchema.extend({
  fp32Bytes: z.int(),
  format: z.enum(exportFormats),
  precision: z.enum(exportPrecisions),
  /** Largest absolute difference of any weight from its fp32 value, and relative to the tensor's largest weight. */
  maxAbsoluteError: z.number(),
  maxRelativeError: z.number(),
});
export type ExportReport = z.infer<typeof exportReportSchema>;

export const assessmentSchema = z.object({
  tasks: z.array(
    z.object({
      task: z.string(),
      samples: z.int(),
      student: measurement,
      teacher: measurement.nullable(),
      untrained: measurement,
      constant: measurement,
      ratioToUntrained: measurement,
      ratioToConstant: measurement,
    }),
  ),
});
export type Assessment = z.infer<typeof assessmentSchema>;

export const estimateSchema = z.object({
  secondsPerStep: z.number(),
  trainingSeconds: z.number(),
  labelSeconds: z.number(),
  windowsToLabel: z.int(),
  memoryBytes: z.number(),
  freeMemoryBytes: z.number(),
  checkpointBytes: z.number(),
  backend: z.string(),
});
export type Estimate = z.infer<typeof estimateSchema>;

export const evaluationSchema = z.object({
  /** Mean over the tasks of the mean return, divided by 10: the MT30 normalised score when all 30 are there. */
  score: z.number(),
  tasks: z.array(z.object({ task: z.string(), returns: z.array(z.number()), meanReturn: z.number() })),
});
export type Evaluation = z.infer<typeof evaluationSchema>;

export const verificationSchema = z.object({
  entries: z.array(z.object({ id: z.string(), kind: z.string(), files: z.int(), error: errorReportSchema.nullable() })),
});

/** What a job ends with, by kind. */
export const resultSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('import'),
    /** Content, or runs by id, that the library had before. */
    duplicates: z.array(z.string()),
    /** Runs that a bundle brought, by id. */
    runs: z.array(z.string()).default([]),
  }),
  z.object({ kind: z.literal('export'), report: exportReportSchema }),
  z.object({ kind: z.literal('bundle'), report: bundleReportSchema }),
  z.object({ kind: z.literal('evaluate'), evaluation: evaluationSchema }),
  z.object({ kind: z.literal('assess'), assessment: assessmentSchema }),
  z.object({ kind: z.literal('estimate'), estimate: estimateSchema }),
  z.object({ kind: z.literal('verify'), verification: verificationSchema }),
]);
export type JobResult = z.infer<typeof resultSchema>;

/** The file that a job made for a person; undefined for jobs that make none. */
export function fileOf(result: JobResult | null): FileReport | undefined {
  return result?.kind === 'export' || result?.kind === 'bundle' ? result.report : undefined;
}

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
