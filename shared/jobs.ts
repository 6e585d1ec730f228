import { z } from 'zod';
import { backendNames, runConfigurationSchema } from './configuration.ts';
import { tasks } from './tasks.ts';
import { entryName, reference } from './values.ts';

/** The kinds of jobs, how each is configured, and the states that a job goes through. */

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
  import: z.strictObject({ paths: z.array(z.string().min(1)).min(1), name: entryName.optional() }),
  /** Records episodes in the simulator; `policy` is "random" or a checkpoint acting by samples of its policy. */
  collect: z.strictObject({
    tasks: z.array(taskName).min(1),
    policy: reference.default('random'),
    episodes: z.int().positive(),
    seed: seed.default(1),
    name: entryName.optional(),
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
