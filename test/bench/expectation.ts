import { type Architecture } from '../../shared/architecture.ts';
import { updateOperations } from './flops.ts';
import { type Fusion, type GpuKernel, optimiserKernels, updateKernels } from './gpuKernels.ts';

export interface Gpu {
  name: string;
  /** float32, 10^12 operations a second. */
  teraflops: number;
  /** Of its memory, 10^9 bytes a second. */
  gigabytes: number;
  /** Streaming multiprocessors: blocks of a product are dealt out to them in waves. */
  multiprocessors: number;
}

/**
 * RTX 3060 12 GB by its maker's figures: 28 multiprocessors of 128 float32 lanes at 1.777 GHz, a multiplication and an addition each
 * a cycle, are 12.7 TFLOPS; 15 Gbit/s on 192 lines are 360 GB/s. Its TF32 tensor cores have no higher peak than that.
 */
export const rtx3060: Gpu = { name: 'RTX 3060', teraflops: 12.74, gigabytes: 360, multiprocessors: 28 };

/** What is assumed of any GPU of this kind; measure and correct. */
export const assumptions = {
  /** Share of the peak that a product reaches where it fills its blocks: libraries reach 0.7 to 0.9 on large ones. */
  productShare: 0.75,
  /** Rows and columns of the result that one block computes. */
  blockEdge: 64,
  /** Share of the memory's rate that a pass reaches. */
  memoryShare: 0.8,
  /** Shortest kernel, in microseconds. */
  shortestKernel: 2,
  /** Microseconds that the processor needs for each launch: PyTorch's eager operations, and the compiled graph's executor. */
  eagerLaunch: [5, 10],
  compiledLaunch: [3, 5],
  /** Microseconds between two kernels. */
  kernelGap: 1,
  /** From the processor's memory, 10^9 bytes a second: PCIe 3.0 with 16 lanes. */
  feedGigabytes: 12,
  /** Reading the losses back once an update. */
  readback: 30,
} as const;

/** Microseconds that one kernel keeps a GPU busy. */
export function kernelMicroseconds(gpu: Gpu, { operations, bytes, result }: GpuKernel): number {
  const memory = bytes / (gpu.gigabytes * assumptions.memoryShare * 1e3);
  let compute = 0;
  if (result !== undefined) {
    const [rows, columns] = result;
    const edge = assumptions.blockEdge;
    const waves = Math.ceil((Math.ceil(rows / edge) * Math.ceil(columns / edge)) / gpu.multiprocessors);
    const operationsOfBlock = (operations / (rows * columns)) * edge * edge;
    const rate = (gpu.teraflops * assumptions.productShare * 1e6) / gpu.multiprocessors;
    compute = (waves * operationsOfBlock) / rate;
  }
  return Math.max(memory, compute, assumptions.shortestKernel);
}

/** One way to run an update, in milliseconds. */
export interface Expectation {
  label: string;
  launches: number;
  /** The processor's part, from the cheapest to the dearest launch. */
  launchMs: readonly [number, number];
  deviceMs: number;
  /** The larger of both parts, and the reading back. */
  stepMs: readonly [number, number];
}

export interface UpdateExpectation {
  gigaflop: number;
  /**
   * Products at the peak, and the optimiser's passes at the memory's rate. Only one that joined them (clipping within Adam, the average with
   * it) would save a fifth of the second part.
   */
  floorMs: number;
  /** What the device needs for matrix products alone, and for the optimiser's passes. */
  productsMs: number;
  optimiserMs: number;
  /** Feeding batch and noise; and with them dropout masks as bytes and as float32. */
  feedMs: { withoutMasks: number; masksAsBytes: number; masksAsFloats: number };
  ways: Expectation[];
}

function busyMs(gpu: Gpu, kernels: readonly GpuKernel[]): number {
  return kernels.reduce((sum, kernel) => sum + kernelMicroseconds(gpu, kernel) + assumptions.kernelGap, 0) / 1000;
}

function feedMs(architecture: Architecture, batch: number, horizon = 3): UpdateExpectation['feedMs'] {
  const { obsDim, actionDim, numQ, mlpDim } = architecture;
  // Observations, actions, noise of both policies, reward, task and label.
  const perRow = (horizon + 1) * (obsDim + actionDim) + horizon * (2 * actionDim + 1) + 2;
  const mask = numQ * mlpDim * (3 * horizon + 1);
  const milliseconds = (bytes: number) => (batch * bytes) / (assumptions.feedGigabytes * 1e6);
  return {
    withoutMasks: milliseconds(4 * perRow),
    masksAsBytes: milliseconds(4 * perRow + mask),
    masksAsFloats: milliseconds(4 * perRow + 4 * mask),
  };
}

/** What an update of `batch` rows should take on a GPU when each operation is a kernel, when they are fused, and without launches. */
export function expectUpdate(gpu: Gpu, architecture: Architecture, batch: number): UpdateExpectation {
  const feed = feedMs(architecture, batch);
  const way = (label: string, fusion: Fusion, launch: readonly [number, number]): Expectation => {
    const kernels = updateKernels(architecture, batch, fusion);
    const deviceMs = busyMs(gpu, kernels);
    const [low, high] = launch.map((each) => (each * kernels.length) / 1000);
    const launchMs = [low ?? 0, high ?? 0] as const;
    const step = (launches: number) => Math.max(launches, deviceMs) + assumptions.readback / 1000 + feed.withoutMasks;
    return { label, launches: kernels.length, launchMs, deviceMs, stepMs: [step(launchMs[0]), step(launchMs[1])] };
  };
  const operations = updateOperations(architecture, batch);
  const optimiser = optimiserKernels(architecture);
  const products = updateKernels(architecture, batch, 'fused').filter(({ result }) => result !== undefined);
  const bytes = optimiser.reduce((sum, kernel) => sum + kernel.bytes, 0);
  return {
    gigaflop: operations / 1e9,
    floorMs: operations / (gpu.teraflops * 1e9) + bytes / (gpu.gigabytes * 1e6),
    productsMs: busyMs(gpu, products),
    optimiserMs: busyMs(gpu, optimiser),
    feedMs: feed,
    ways: [
      way('eager PyTorch', 'eager', assumptions.eagerLaunch),
      way('compiled graph, one kernel an operation', 'eager', assumptions.compiledLaunch),
      way('compiled and fused', 'fused', assumptions.compiledLaunch),
      way('fused, replayed as a CUDA graph', 'fused', [0, 0]),
    ],
  };
}

/** How many kernels besides products and optimiser an update may launch to end in `targetMs`; negative where it cannot. */
export function kernelBudget(found: UpdateExpectation, targetMs: number): number {
  const { productsMs, optimiserMs } = found;
  const left = targetMs - productsMs - optimiserMs - found.feedMs.withoutMasks - assumptions.readback / 1000;
  return Math.floor((1000 * left) / (assumptions.shortestKernel + assumptions.kernelGap));
}

/** The same for people, with what it takes to get to `targetMs`. */
export function expectationLines(
  gpu: Gpu,
  size: number,
  batch: number,
  found: UpdateExpectation,
  targetMs: number,
): string[] {
  const range = ([low, high]: readonly [number, number]) =>
    low.toFixed(1) === high.toFixed(1) ? low.toFixed(1) : `${low.toFixed(1)} to ${high.toFixed(1)}`;
  const {
    productShare,
    memoryShare,
    shortestKernel,
    kernelGap,
    blockEdge,
    eagerLaunch,
    compiledLaunch,
    feedGigabytes,
  } = assumptions;
  const { feedMs: feed, productsMs, optimiserMs } = found;
  const within = found.ways.filter(({ stepMs }) => stepMs[1] <= targetMs).map(({ label }) => label);
  const budget = kernelBudget(found, targetMs);
  return [
    `update of ${size}M, batch ${batch}, on ${gpu.name}: ${found.gigaflop.toFixed(2)} GFLOP of matrix products; calculated, not measured`,
    `floor ${found.floorMs.toFixed(2)} ms: products at ${gpu.teraflops} TFLOPS, optimiser state at ${gpu.gigabytes} GB/s`,
    ...found.ways.map(
      ({ label, launches, launchMs, deviceMs, stepMs }) =>
        `${label}: ${range(stepMs)} ms (${launches} launches, ${range(launchMs)} ms of processor; device ${deviceMs.toFixed(2)} ms)`,
    ),
    `feeding: ${feed.withoutMasks.toFixed(2)} ms, with dropout masks ${feed.masksAsBytes.toFixed(2)} ms as bytes, ${feed.masksAsFloats.toFixed(2)} ms as float32`,
    `within ${targetMs} ms: ${within.length === 0 ? 'none of these' : within.join('; ')}`,
    budget < 0
      ? `${targetMs} ms cannot be reached in float32: products take ${productsMs.toFixed(2)} ms, the optimiser ${optimiserMs.toFixed(2)} ms`
      : `${targetMs} ms takes: products ${productsMs.toFixed(2)} ms and optimiser ${optimiserMs.toFixed(2)} ms leave time for ${budget} short kernels`,
    `assumed: products at ${productShare} of the peak in blocks of ${blockEdge} x ${blockEdge}, memory at ${memoryShare}, a kernel at least ${shortestKernel} us and ${kernelGap} us after the last, ` +
      `a launch ${eagerLaunch.join(' to ')} us eager and ${compiledLaunch.join(' to ')} us compiled, ${feedGigabytes} GB/s over PCIe`,
  ];
}
