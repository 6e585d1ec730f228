import { z } from 'zod';
import { architectureSchema } from '../../shared/architecture.ts';
import { hyperparametersSchema } from '../../shared/hyperparameters.ts';

/** What can be measured. */
export const workloads = ['update', 'plan', 'label'] as const;
export type WorkloadName = (typeof workloads)[number];

/** `eager` is TF.js on WebAssembly; the others are backends of shared/configuration.ts. */
export const backendChoices = ['auto', 'onnx', 'tensorflow', 'eager'] as const;
export type BackendChoice = (typeof backendChoices)[number];

export const devices = ['cpu', 'cuda'] as const;
export type Device = (typeof devices)[number];

/** The first line that a measured process reads: everything that both sides must have in common. */
export const jobSchema = z.strictObject({
  what: z.enum(workloads),
  architecture: architectureSchema,
  actionDims: z.array(z.int().positive()),
  hyperparameters: hyperparametersSchema,
  planner: z.strictObject({
    horizon: z.int().positive(),
    iterations: z.int().positive(),
    numSamples: z.int().positive(),
    numElites: z.int().positive(),
    numPiTrajs: z.int().nonnegative(),
    minStd: z.number().positive(),
    maxStd: z.number().positive(),
    temperature: z.number().positive(),
  }),
  discount: z.number(),
  distillationCoef: z.number(),
  batch: z.int().positive(),
  environments: z.int().positive(),
  threads: z.int().positive(),
  seed: z.int().nonnegative(),
  /** Of Decant. */
  backend: z.enum(backendChoices),
  /** Of PyTorch. */
  device: z.enum(devices),
});
export type Job = z.infer<typeof jobSchema>;

/** Each further line that it reads. */
export const orderSchema = z.strictObject({ steps: z.int().positive() });

/** Its first answer, after the first step. */
const readySchema = z.strictObject({
  name: z.string(),
  /** From making the program to the end of the first step: trace, lower, compile, run. Weights and batches are made before on Decant's side. */
  firstSeconds: z.number(),
});
export type Ready = z.infer<typeof readySchema>;

/** Its answer to an order. Seconds of all its threads, user and system; memory in bytes. */
const runSchema = z.strictObject({
  steps: z.int().positive(),
  cpuSeconds: z.number(),
  wallSeconds: z.number(),
  /** The part of the CPU time that drew random numbers; null where it is not told apart. */
  drawCpuSeconds: z.number().nullable(),
  memory: z.number().nullable(),
  peakMemory: z.number().nullable(),
});
export type Run = z.infer<typeof runSchema>;

export const answerSchema = z.union([z.strictObject({ ready: readySchema }), z.strictObject({ run: runSchema })]);
export type Answer = z.infer<typeof answerSchema>;
