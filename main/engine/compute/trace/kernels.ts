import { elementwiseKernels } from './kernels/elementwise.ts';
import { layoutKernels } from './kernels/layout.ts';
import { productKernels } from './kernels/products.ts';
import { reductionKernels } from './kernels/reductions.ts';
import { type Recorder } from './recorder.ts';

/** Every TF.js kernel that can be recorded, by its name. */
export const recorders: ReadonlyMap<string, Recorder> = new Map([
  ...elementwiseKernels,
  ...reductionKernels,
  ...layoutKernels,
  ...productKernels,
]);
