import { z } from 'zod';
import { architectureSchema } from './architecture.ts';
import { sha256 } from './values.ts';

/** What is known of a checkpoint's or a dataset's content, whatever a library calls it. */

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
