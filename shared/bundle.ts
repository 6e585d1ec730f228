import { z } from 'zod';
import { bundledRunSchema } from './jobs.ts';

/** A run as one file `<name>.decant`: a stored zip of these entries and of `checkpoints/<sha256>.safetensors`. */
export const bundleEntries = { description: 'bundle.json', job: 'job.json', spool: 'spool.jsonl' } as const;

export function checkpointEntry(sha256: string): string {
  return `checkpoints/${sha256}.safetensors`;
}

/** bundle.json, written by the codec. */
export const bundleSchema = z.object({
  formatVersion: z.literal(1),
  run: bundledRunSchema,
  /** Every other entry of the archive. */
  entries: z.array(
    z.object({
      name: z.string(),
      bytes: z.int().nonnegative(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
});
export type Bundle = z.infer<typeof bundleSchema>;
