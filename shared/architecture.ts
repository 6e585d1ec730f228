import { z } from 'zod';
import { paddedActionDim, paddedObservationDim, taskCount } from './tasks.ts';

/** The official sizes by their rounded parameter count in millions (reference/sizes.md, MODEL_SIZE). */
export const modelSizes = [1, 5, 19, 48, 317] as const;
export type ModelSize = (typeof modelSizes)[number];

/** Every dimension of a TD-MPC2 multi-task world model. Names are the official ones in camel case. */
export const architectureSchema = z.strictObject({
  encDim: z.int().positive(),
  mlpDim: z.int().positive(),
  latentDim: z.int().positive(),
  /** Hidden layers plus the output layer of the encoder: max(numEncLayers - 1, 1) hidden ones. */
  numEncLayers: z.int().positive(),
  numQ: z.int().min(2),
  taskDim: z.int().nonnegative(),
  simnormDim: z.int().positive(),
  numBins: z.int().min(2),
  vmin: z.number(),
  vmax: z.number(),
  numTasks: z.int().positive(),
  obsDim: z.int().positive(),
  actionDim: z.int().positive(),
});
export type Architecture = z.infer<typeof architectureSchema>;

interface SizeRow {
  encDim: number;
  mlpDim: number;
  latentDim: number;
  numEncLayers: number;
  taskDim: number;
  numQ: number;
}

/**
 * MT30 dimensions of each size. Latent 512 of size 19 and the task dimensions are parse_cfg's special cases;
 * sizes 5 to 48 leave num_q to the configuration: 5 is tdmpc2's, 2 is td-mpc-opt's student yaml.
 */
const sizeTable: Record<ModelSize, SizeRow> = {
  1: { encDim: 256, mlpDim: 384, latentDim: 128, numEncLayers: 2, taskDim: 96, numQ: 2 },
  5: { encDim: 256, mlpDim: 512, latentDim: 512, numEncLayers: 2, taskDim: 64, numQ: 5 },
  19: { encDim: 1024, mlpDim: 1024, latentDim: 512, numEncLayers: 3, taskDim: 64, numQ: 5 },
  48: { encDim: 1792, mlpDim: 1792, latentDim: 768, numEncLayers: 4, taskDim: 64, numQ: 5 },
  317: { encDim: 4096, mlpDim: 4096, latentDim: 1376, numEncLayers: 5, taskDim: 96, numQ: 8 },
};

/** An official size with MT30's dimensions; `numQ` replaces the size's number of Qs. */
export function architectureOfSize(size: ModelSize, numQ?: number): Architecture {
  const row = sizeTable[size];
  return {
    ...row,
    numQ: numQ ?? row.numQ,
    simnormDim: 8,
    numBins: 101,
    vmin: -10,
    vmax: 10,
    numTasks: taskCount,
    obsDim: paddedObservationDim,
    actionDim: paddedActionDim,
  };
}

/** The official size that an architecture is, whatever its number of Qs; undefined for a custom net. */
export function sizeOfArchitecture(architecture: Architecture): ModelSize | undefined {
  return modelSizes.find((size) => {
    const official = architectureOfSize(size, architecture.numQ);
    return (Object.keys(official) as (keyof Architecture)[]).every((key) => official[key] === architecture[key]);
  });
}
