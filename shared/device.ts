import { z } from 'zod';
import { modelSizes } from './architecture.ts';

/**
 * What this machine is, what computes on it and how fast: what `decant doctor` prints and the Device page shows. Absent values are null:
 * a graphics card at 0 % is idle, one without a reading is not known.
 */

const reading = z.number().nullable();
/** From 0 to 1. */
const share = z.number().min(0).max(1).nullable();

export const processorSchema = z.object({
  name: z.string(),
  /** Cores with their own arithmetic units; null where the system does not say. */
  physicalCores: z.int().positive().nullable(),
  /** What a program here may use at once. */
  threads: z.int().positive(),
  /** As people know them: AVX2, FMA, AVX-512, NEON. */
  instructionSets: z.array(z.string()),
});
export type Processor = z.infer<typeof processorSchema>;

/** What a card says of itself at one moment. */
export const gpuReadingSchema = z.object({
  /** Its place in nvidia-smi, and its lasting name. */
  index: z.int().nonnegative(),
  uuid: z.string(),
  utilisation: share,
  memoryUsedBytes: reading,
  /** Degrees Celsius. */
  temperature: reading,
  /** Watts. */
  power: reading,
});
export type GpuReading = z.infer<typeof gpuReadingSchema>;

export const gpuSchema = gpuReadingSchema.extend({
  name: z.string(),
  driver: z.string().nullable(),
  memoryBytes: reading,
  powerLimit: reading,
});
export type Gpu = z.infer<typeof gpuSchema>;

export const gpusSchema = z.object({
  gpus: z.array(gpuSchema),
  /** Why cards may be there that are not listed, in a sentence; null where nvidia-smi answered, and where there is none. */
  problem: z.string().nullable(),
});
export type Gpus = z.infer<typeof gpusSchema>;

export const deviceSchema = gpusSchema.extend({
  /** Name and version, for instance "Debian GNU/Linux 12, x64". */
  operatingSystem: z.string(),
  processor: processorSchema,
  memoryBytes: z.number(),
  freeMemoryBytes: z.number(),
});
export type Device = z.infer<typeof deviceSchema>;

export const backendReportSchema = z.object({
  name: z.string(),
  label: z.string(),
  works: z.boolean(),
  /** Whether `auto` means it here. */
  automatic: z.boolean(),
  /** What it is, or why it does not work. */
  reason: z.string(),
  /** What would make it work; null where it does, or where nothing would. */
  action: z.string().nullable(),
});
export type BackendReport = z.infer<typeof backendReportSchema>;

export const doctorReportSchema = z.object({
  version: z.string(),
  node: z.string(),
  platform: z.string(),
  device: deviceSchema,
  freeDiskBytes: z.number(),
  home: z.string(),
  backends: z.array(backendReportSchema),
  /** Why the backends could not be tried, in a sentence: a native library may end the process that loads it. Null where they could. */
  backendsProblem: z.string().nullable(),
});
export type DoctorReport = z.infer<typeof doctorReportSchema>;

/** One look at how busy the machine is. Nobody keeps it: it is taken while somebody asks. */
export const telemetrySchema = z.object({
  at: z.iso.datetime(),
  /** Share of all cores together that worked since the look before. */
  processorUtilisation: share,
  memoryBytes: z.number(),
  memoryUsedBytes: z.number(),
  /** The processes of running jobs. */
  engines: z.array(
    z.object({
      job: z.string(),
      /** Likewise a share of all cores; null at the first look. */
      processorUtilisation: share,
      memoryBytes: reading,
    }),
  ),
  gpus: z.array(gpuReadingSchema),
});
export type Telemetry = z.infer<typeof telemetrySchema>;

/** update: one distilling training step. plan: one MPPI action. label: a teacher's rewards of a batch of rows. */
export const benchmarkWorks = ['update', 'plan', 'label'] as const;
export type BenchmarkWork = (typeof benchmarkWorks)[number];

/** How long one step of a piece of work takes here: what a benchmark finds, and what the library keeps of it. */
export const benchmarkFigureSchema = z.object({
  at: z.iso.datetime(),
  backend: z.string(),
  /** Whether `auto` meant this backend then. */
  automatic: z.boolean(),
  device: z.string(),
  threads: z.int().positive(),
  work: z.enum(benchmarkWorks),
  size: z.union(modelSizes.map((size) => z.literal(size))),
  /** Sequences of an update, rows of a label batch; 1 for a plan. */
  batchSize: z.int().positive(),
  /** The median of so many steps, after one that was not counted. */
  milliseconds: z.number().positive(),
  steps: z.int().positive(),
  /** Cores that other programs kept busy meanwhile: with some an idle machine is faster. Null where nobody counted. */
  otherCores: z.number().nonnegative().nullable().default(null),
});
export type BenchmarkFigure = z.infer<typeof benchmarkFigureSchema>;

export const benchmarkRecordSchema = benchmarkFigureSchema.extend({
  /** Figures of one benchmark share it. */
  benchmark: z.string(),
  codeVersion: z.string(),
  /** Whether it was measured on a device of this machine. */
  here: z.boolean(),
});
export type BenchmarkRecord = z.infer<typeof benchmarkRecordSchema>;

/** From so many cores on that others kept busy a figure is said to be of a machine that was not idle; a window takes less. */
const busyFrom = 0.5;

/** The cores that others kept busy while a figure was measured, where they were enough to matter. */
export function disturbance({ otherCores }: Pick<BenchmarkFigure, 'otherCores'>): number | undefined {
  return otherCores === null || otherCores < busyFrom ? undefined : otherCores;
}

/** What the button measures for, over all backends together. */
export const benchmarkSeconds = 20;
