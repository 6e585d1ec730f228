import { z } from 'zod';
import { modelSizes } from './architecture.ts';
import { correctionsSchema, hyperparametersSchema } from './hyperparameters.ts';
import { setting } from './settingMeta.ts';
import { entryName } from './values.ts';

/**
 * The configuration of a training run: here (and in hyperparameters.ts) alone a setting has its sentence, range, unit and default.
 * The form, the command line's help, the defaults and the errors are all made from it.
 * Defaults are those of td-mpc-opt's student yaml and the paper.
 */

const count = z.int().positive();
const coefficient = z.number().nonnegative();

export const distillationTermSchema = z.strictObject({
  target: z.enum(['reward', 'nextLatent']),
  bridge: z.enum(['linear', 'pca']).optional(),
  coefficient,
  steps: z.enum(['first', 'all']).default('first'),
});
export type DistillationTerm = z.infer<typeof distillationTermSchema>;

/** `{coefficient}` is the paper's one term: the reward at the first step. */
export const distillationSchema = z.union([
  z.strictObject({
    coefficient: setting(coefficient, {
      title: 'Distillation coefficient',
      description: 'Weight d_coef of the squared difference between the rewards that teacher and student predict.',
    }),
  }),
  z.strictObject({ terms: z.array(distillationTermSchema).min(1) }),
]);
export type Distillation = z.infer<typeof distillationSchema>;

export const backendNames = ['auto', 'onnx', 'tensorflow', 'wasm', 'tfjs-node', 'tfjs-node-gpu'] as const;
export type BackendName = (typeof backendNames)[number];

export const studentSchema = z.strictObject({
  size: setting(z.union(modelSizes.map((size) => z.literal(size))), {
    title: 'Student size',
    unit: 'million parameters',
    description: 'The official TD-MPC2 size that is trained.',
  }).default(1),
  numQ: setting(z.int().min(2).max(16), {
    title: 'Number of Qs',
    advanced: true,
    description:
      'Size of the Q ensemble; without it the official number of the size (2 for 1M, 5 for 5M to 48M, 8 for 317M).',
  }).optional(),
  init: setting(z.string().min(1), {
    title: 'Initialisation',
    description: '"random", or the id of a checkpoint of the same size to start from.',
  }).default('random'),
});

const configurationShape = z.strictObject({
  name: setting(entryName, {
    title: 'Name',
    description: 'What lists call this run; made from its settings where left out.',
  }).optional(),
  method: setting(z.enum(['distil', 'scratch']), {
    title: 'Method',
    description: 'distil: learn from the data and from a teacher; scratch: from the data alone.',
  }),
  dataset: setting(z.string().min(1), {
    title: 'Dataset',
    description: 'Id, unambiguous id prefix or name of a dataset in the library.',
  }),
  teacher: setting(z.string().min(1), {
    title: 'Teacher',
    description: 'Id, unambiguous id prefix or name of the checkpoint to learn from.',
  }).optional(),
  student: studentSchema.prefault({}),
  distillation: distillationSchema.prefault({ coefficient: 0.4 }),
  labels: setting(z.enum(['cached', 'onTheFly']), {
    title: 'Teacher labels',
    advanced: true,
    description:
      'cached: computed once per teacher and data and shared by all runs; onTheFly: the teacher stays in memory.',
  }).default('cached'),
  batchSize: setting(count.max(65536), {
    title: 'Batch size',
    unit: 'sequences',
    description: 'Number of subsequences in an update.',
  }).default(256),
  steps: setting(count, { title: 'Steps', unit: 'updates', description: 'Number of updates of the run.' }).default(
    200_000,
  ),
  seed: setting(
    z
      .int()
      .nonnegative()
      .max(2 ** 31 - 1),
    { title: 'Seed', description: 'Everything random follows from it: same seed, same backend, same result.' },
  ).default(1),
  backend: setting(z.enum(backendNames), {
    title: 'Backend',
    advanced: true,
    description: 'What computes; auto takes the fastest that works here.',
  }).default('auto'),
  threads: setting(z.int().min(0).max(256), {
    title: 'Threads',
    advanced: true,
    description:
      'Processor threads that compute; 0 takes all of the machine. A seed gives the same bits with one number only.',
  }).default(0),
  validationEpisodes: setting(z.int().nonnegative(), {
    title: 'Held-out episodes',
    unit: 'per task',
    description: 'The last episodes of each task that training never draws from.',
  }).default(0),
  checkpointEvery: setting(count, {
    title: 'Checkpoint cadence',
    unit: 'updates',
    advanced: true,
    description: 'A checkpoint is written after so many updates, at a stop and at the end.',
  }).default(5000),
  keepLast: setting(count, {
    title: 'Checkpoints kept',
    advanced: true,
    description: 'The last so many checkpoints stay; the best and pinned ones always do.',
  }).default(3),
  logEvery: setting(count, {
    title: 'Metrics cadence',
    unit: 'updates',
    advanced: true,
    description: 'Metrics are recorded after so many updates.',
  }).default(1),
  hyperparameters: hyperparametersSchema.prefault({}),
  corrections: correctionsSchema.prefault({}),
});

export const runConfigurationSchema = configurationShape.refine(
  ({ method, teacher }) => method !== 'distil' || teacher !== undefined,
  {
    path: ['teacher'],
    message: 'method "distil" needs a teacher',
    // Said beside whatever else is wrong, so that all is corrected at once.
    when: ({ value }) => typeof value === 'object' && value !== null,
  },
);
/** Every default filled in. */
export type RunConfiguration = z.infer<typeof runConfigurationSchema>;
/** What a person writes: all but method, dataset and, to distil, teacher may be left out. */
export type RunConfigurationInput = z.input<typeof runConfigurationSchema>;

/** The terms of a distillation, with the paper's short form written out. */
export function distillationTerms(configuration: RunConfiguration): DistillationTerm[] {
  if (configuration.method === 'scratch') return [];
  const { distillation } = configuration;
  if ('terms' in distillation) return distillation.terms;
  return [{ target: 'reward', coefficient: distillation.coefficient, steps: 'first' }];
}
