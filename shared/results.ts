import { z } from 'zod';
import { exportFormats, exportPrecisions } from './jobs.ts';
import { errorReportSchema, measurement, sha256 } from './values.ts';

/** What jobs end with. */

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
  /** The part of each step in which a teacher labels on the fly; 0 where labels come from the column, or there are none. */
  teacherSecondsPerStep: z.number().default(0),
  labelSeconds: z.number(),
  windowsToLabel: z.int(),
  /** What the guard before a run asks for, or more where the measured updates took more. */
  memoryBytes: z.number(),
  /** What the engine can have: what is free, and what it has already. */
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
