import { type Architecture } from '../../shared/architecture.ts';
import { elementCount } from '../../shared/tensor.ts';
import { netShape, parameterSpecifications } from '../../main/engine/tdmpc2/parameters.ts';
import { type Application, updateApplications } from './flops.ts';

/** One launch on a GPU. */
export interface GpuKernel {
  /** Of a matrix product; 0 for what is bound by memory. */
  operations: number;
  /** Read and written. */
  bytes: number;
  /** [rows, columns] of a matrix product's result. */
  result?: readonly [number, number];
}

/** `eager`: each operation is a kernel, as PyTorch launches them. `fused`: what lies between two products is one kernel, as XLA makes it. */
export type Fusion = 'eager' | 'fused';

const floatBytes = 4;

/**
 * Operations that eager PyTorch launches for one update with two Qs, and for each further Q: counted by a TorchDispatchMode on
 * test/bench/torch, views and allocations left out.
 */
const eagerOperations = 562;
const eagerOperationsPerQ = 33;
/** A LayerNorm's gradient is two launches of one operation: one by rows and one by columns. */
const secondLaunches = 23;
/** What is left of losses, heads, drawing and bookkeeping when each of them is fused: an estimate, from their number. */
const fusedRest = 40;

function product(rows: number, inputs: number, outputs: number): GpuKernel {
  return {
    operations: 2 * rows * inputs * outputs,
    bytes: floatBytes * (rows * inputs + inputs * outputs + rows * outputs),
    result: [rows, outputs],
  };
}

/** A kernel that reads and writes `arrays` arrays of rows x columns. */
function pass(rows: number, columns: number, arrays: number): GpuKernel {
  return { operations: 0, bytes: floatBytes * rows * columns * arrays };
}

/** The kernels of one layer besides its products, forward and backward. */
function layerPasses(application: Application, columns: number, normed: boolean, fusion: Fusion): GpuKernel[] {
  const { rows, gradient } = application;
  const kernels: GpuKernel[] = [];
  // LayerNorm, then Mish or SimNorm; fused one pass does both and the bias.
  if (normed)
    kernels.push(...(fusion === 'eager' ? [pass(rows, columns, 2), pass(rows, columns, 2)] : [pass(rows, columns, 2)]));
  if (gradient === 'none') return kernels;
  if (normed)
    kernels.push(...(fusion === 'eager' ? [pass(rows, columns, 3), pass(rows, columns, 3)] : [pass(rows, columns, 4)]));
  // The gradients of bias, gain and shift add over rows.
  if (gradient !== 'input') {
    kernels.push(pass(rows, columns, 1));
    if (fusion === 'eager' && normed) kernels.push(pass(rows, columns, 2));
  }
  return kernels;
}

function applicationKernels(architecture: Architecture, application: Application, fusion: Fusion): GpuKernel[] {
  const { dims, lastNorm } = netShape(application.net, architecture);
  const last = dims.length - 2;
  const { rows, gradient } = application;
  const kernels = dims.slice(1).flatMap((columns, layer): GpuKernel[] => {
    const inputs = dims[layer] ?? 0;
    const forward = product(rows, inputs, columns);
    const ofInput = gradient === 'both' || gradient === 'input' || (gradient === 'weights' && layer > 0);
    const ofWeights = gradient === 'both' || gradient === 'weights';
    return [
      forward,
      ...(ofInput ? [product(rows, columns, inputs)] : []),
      ...(ofWeights ? [product(columns, rows, inputs)] : []),
      ...layerPasses(application, columns, layer < last || lastNorm, fusion),
    ];
  });
  // The input is put together from latent state, task and action.
  kernels.push(pass(rows, dims[0] ?? 0, 2));
  return Array.from({ length: application.times }, () => kernels).flat();
}

/** Clipping, both Adams and the target average: they pass over every parameter. */
export function optimiserKernels(architecture: Architecture): GpuKernel[] {
  const specifications = parameterSpecifications(architecture);
  const count = (target: boolean) =>
    specifications
      .filter(({ group }) => (group === 'target') === target)
      .reduce((sum, { shape }) => sum + elementCount(shape), 0);
  // The norm reads the gradient; scaling it reads and writes; Adam reads four arrays and writes three; the average reads two, writes one.
  return [pass(count(false), 1, 1), pass(count(false), 1, 2), pass(count(false), 1, 7), pass(count(true), 1, 3)];
}

/** Every kernel of one update of `batch` rows on a GPU. */
export function updateKernels(architecture: Architecture, batch: number, fusion: Fusion, horizon = 3): GpuKernel[] {
  const kernels = [
    ...updateApplications(architecture, batch, horizon).flatMap((one) => applicationKernels(architecture, one, fusion)),
    ...optimiserKernels(architecture),
  ];
  const eager = eagerOperations + secondLaunches + eagerOperationsPerQ * (architecture.numQ - 2);
  const rest = fusion === 'fused' ? fusedRest : Math.max(eager - kernels.length, 0);
  // Losses work on bins, heads and bookkeeping on less.
  return [...kernels, ...Array.from({ length: rest }, () => pass(horizon * batch, architecture.numBins, 2))];
}
