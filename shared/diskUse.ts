import { z } from 'zod';

/** What a library takes on the disk, and what of it can go. */

export const usageKinds = ['checkpoints', 'datasets', 'labels', 'jobs', 'database', 'backups', 'other'] as const;
export type UsageKind = (typeof usageKinds)[number];
export const freeableKinds = ['labels', 'exports', 'checkpoints', 'leftovers', 'backups'] as const;
export type FreeableKind = (typeof freeableKinds)[number];

/** Something on the disk that can go; `library.free` takes its id. */
export const freeableSchema = z.object({
  id: z.string().min(1).max(200),
  kind: z.enum(freeableKinds),
  name: z.string(),
  bytes: z.number(),
  /** What is lost, in a sentence. */
  detail: z.string(),
  /** Why it cannot go at this moment; null when it can. */
  blocked: z.string().nullable(),
});
export type Freeable = z.infer<typeof freeableSchema>;

export const libraryUsageSchema = z.object({
  home: z.string(),
  freeDiskBytes: z.number(),
  bytes: z.object({
    checkpoints: z.number(),
    datasets: z.number(),
    labels: z.number(),
    jobs: z.number(),
    database: z.number(),
    backups: z.number(),
    other: z.number(),
  } satisfies Record<UsageKind, z.ZodNumber>),
  freeable: z.array(freeableSchema),
});
export type LibraryUsage = z.infer<typeof libraryUsageSchema>;
