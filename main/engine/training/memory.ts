import { type Architecture } from '../../../shared/architecture.ts';
import { DecantError } from '../../../shared/errors.ts';
import { type Backend } from '../compute/program.ts';
import { parameterCounts } from '../tdmpc2/parameters.ts';
import { type TrainingPlan } from './plan.ts';

const gibibyte = 2 ** 30;
/** WebAssembly memory of the wasm backend: 32-bit addresses. */
const wasmAddressable = 4 * gibibyte;
/**
 * By what computes: Node with its libraries and the data reader in bytes, and what the counts below are multiplied by. A compiled
 * program keeps its activations in less memory, since it is known when each is needed last. TensorFlow's process was measured on a
 * processor with XLA and one model only.
 */
const factors = {
  eager: { process: 200e6, state: 1, activation: 1 },
  onnx: { process: 310e6, state: 1.15, activation: 0.62 },
  tensorflow: { process: 1100e6, state: 1.15, activation: 0.62 },
};
export type MemoryKind = keyof typeof factors;

function kindOf({ name, compiled }: Backend): MemoryKind {
  if (compiled !== true) return 'eager';
  return name === 'tensorflow' ? 'tensorflow' : 'onnx';
}

export interface MemoryNeed {
  /** Weights, both Adam moments, gradients and the copies that an update makes of them. */
  stateBytes: number;
  /** What the layers keep for the gradients of one batch. */
  activationBytes: number;
  totalBytes: number;
}

/**
 * Memory in bytes that training needs, from counts alone: the guard before anything is allocated, on the safe side. The
 * estimate that people see is measured. The factors were fitted to the resident memory of engines on eager wasm and on onnx; the
 * test holds them to those measurements.
 */
export function memoryNeed(
  architecture: Architecture,
  batchSize: number,
  horizon: number,
  kind: MemoryKind,
): MemoryNeed {
  const factor = factors[kind];
  const { trainable, stored } = parameterCounts(architecture);
  // The weights here and with the backend; two moments, gradients and what Adam makes of them, likewise.
  const stateBytes = factor.state * 4 * (2 * stored + 8 * trainable);
  const { latentDim, mlpDim, encDim, numBins, numQ, numEncLayers } = architecture;
  const rows = batchSize * (horizon + 1);
  const net = 2 * mlpDim;
  const widths = numEncLayers * encDim + 2 * latentDim + 2 * net + latentDim + numBins + 3 * numQ * (net + numBins);
  // Arrays of each layer's size that are alive at once: what its gradient needs, and freed ones that wasm memory keeps.
  const activationBytes = factor.activation * 4 * 12 * rows * widths;
  return { stateBytes, activationBytes, totalBytes: stateBytes + activationBytes + factor.process };
}

/** What a run needs on a backend. */
export function memoryNeedOf({ architecture, configuration }: TrainingPlan, backend: Backend): MemoryNeed {
  const { batchSize, hyperparameters } = configuration;
  return memoryNeed(architecture, batchSize, hyperparameters.horizon, kindOf(backend));
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/** Errors: MEMORY_INSUFFICIENT with both numbers. */
export function requireMemory(need: MemoryNeed, backend: string): void {
  const free = process.availableMemory();
  if (need.totalBytes > free)
    throw new DecantError(
      'MEMORY_INSUFFICIENT',
      `training needs about ${gigabytes(need.totalBytes)}, ${gigabytes(free)} are free`,
    );
  const computed = need.stateBytes + need.activationBytes;
  if (backend === 'wasm' && computed > wasmAddressable)
    throw new DecantError(
      'MEMORY_INSUFFICIENT',
      `training needs about ${gigabytes(computed)}, backend wasm can address ${gigabytes(wasmAddressable)} on any machine`,
    );
}
