import { z } from 'zod';
import { runConfigurationSchema } from './configuration.ts';
import { checkpointFactsSchema } from './facts.ts';
import { entryName, errorReportSchema, idPattern, measurement, runNotes, runTags, sha256 } from './values.ts';

/** A run as one file `<name>.decant`: a stored zip of these entries and of `checkpoints/<sha256>.safetensors`. */
export const bundleEntries = { description: 'bundle.json', job: 'job.json', spool: 'spool.jsonl' } as const;

export function checkpointEntry(hash: string): string {
  return `checkpoints/${hash}.safetensors`;
}

/** A run as it travels: what its library knew of it beside the spool. Inputs are named, not contained. */
export const bundledRunSchema = z.object({
  id: z.string().regex(/^r-[0-9a-z]{10}$/),
  name: entryName,
  tags: runTags,
  notes: runNotes,
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

/** bundle.json, written by the codec. */
export const bundleSchema = z.object({
  formatVersion: z.literal(1),
  run: bundledRunSchema,
  /** Every other entry of the archive. */
  entries: z.array(
    z.object({
      name: z.string(),
      bytes: z.int().nonnegative(),
      sha256,
    }),
  ),
});
export type Bundle = z.infer<typeof bundleSchema>;
