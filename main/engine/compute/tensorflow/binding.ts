import { createRequire } from 'node:module';
import { z } from 'zod';
import { DecantError } from '../../../../shared/errors.ts';

/** tfjs-node's N-API binding, as far as it is used: tensors by number, and sessions of SavedModels. */
export interface TensorflowBinding {
  readonly TF_Version: string;
  createTensor(shape: number[], dtype: number, data: Float32Array | Int32Array | Uint8Array): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(id: number): void;
  /** Sessions that are open. */
  getNumOfSavedModels(): number;
  /** Names are "node:output", several with commas between them. */
  runSavedModel(id: number, inputs: number[], inputNames: string, outputNames: string): BindingTensor[];
  isUsingGpuDevice(): boolean;
}

export interface BindingTensor {
  readonly id: number;
  readonly shape: readonly number[];
}

const call = z.custom<(...values: never[]) => unknown>((value) => typeof value === 'function', 'not a function');
const bindingSchema = z.object({
  TF_Version: z.string(),
  createTensor: call,
  deleteTensor: call,
  tensorDataSync: call,
  loadSavedModel: call,
  deleteSavedModel: call,
  getNumOfSavedModels: call,
  runSavedModel: call,
  isUsingGpuDevice: call,
});

function isBinding(loaded: unknown): loaded is TensorflowBinding {
  return bindingSchema.safeParse(loaded).success;
}

export interface EnvironmentOptions {
  /** CPU threads of one operation; all cores without it. */
  readonly threads?: number | undefined;
  /** CUDA's compiler, for a library that has it beside it. */
  readonly cudaFolder?: string | undefined;
  /** Whether there is a GPU that TensorFlow could take. */
  readonly gpu?: boolean | undefined;
  /** Whether the library is the one that the set-up pins. */
  readonly pinned?: boolean | undefined;
}

/**
 * How XLA compiles for processors. LLVM's full effort takes a third longer for an update and unrolled loops a tenth, and neither makes it faster.
 * Minimum and maximum keep NaN, as they do on every other backend, which costs nothing that can be measured.
 */
const processorFlags = [
  '--xla_backend_optimization_level=1',
  '--xla_backend_extra_options=xla_cpu_disable_loop_unrolling',
  '--xla_cpu_enable_fast_min_max=false',
];

/** Registers of 512 bits are used whole where there are such: 2 to 5 % of an update. A library that does not know a flag ends the process. */
const pinnedProcessorFlags = ['--xla_cpu_prefer_vector_width=512'];

/**
 * What TensorFlow reads from the environment when it starts; what a person has set is left as it is. TF32 would round products to 10 bits, far
 * from float32's noise; deterministic kernels are asked for, so that a run on a GPU can be repeated as far as CUDA allows.
 */
export function tensorflowEnvironment({
  threads,
  cudaFolder,
  gpu,
  pinned,
}: EnvironmentOptions): Record<string, string> {
  const xla =
    gpu === true
      ? ['--xla_gpu_deterministic_ops=true']
      : [...processorFlags, ...(pinned === true ? pinnedProcessorFlags : [])];
  return {
    TF_CPP_MIN_LOG_LEVEL: '2',
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    TF_DETERMINISTIC_OPS: '1',
    NVIDIA_TF32_OVERRIDE: '0',
    XLA_FLAGS: [...xla, ...(cudaFolder === undefined ? [] : [`--xla_gpu_cuda_data_dir=${cudaFolder}`])].join(' '),
    ...(threads !== undefined && {
      TF_NUM_INTRAOP_THREADS: String(threads),
      TF_NUM_INTEROP_THREADS: '1',
      OMP_NUM_THREADS: String(threads),
    }),
  };
}

const require = createRequire(import.meta.url);
let loaded: { file: string; threads: number | undefined; binding: TensorflowBinding } | undefined;

/**
 * Loads a binding into this process, once: a process holds one TensorFlow, and it reads its environment only when it starts.
 * Errors: BACKEND_UNAVAILABLE where it cannot be loaded, or where another one or another number of threads is in use already.
 */
export function loadBinding(file: string, options: EnvironmentOptions = {}): TensorflowBinding {
  if (loaded !== undefined) {
    if (loaded.file !== file || (options.threads !== undefined && options.threads !== loaded.threads))
      throw new DecantError(
        'BACKEND_UNAVAILABLE',
        `this process has TensorFlow ${loaded.binding.TF_Version} with ${loaded.threads ?? 'all'} threads already`,
      );
    return loaded.binding;
  }
  for (const [name, value] of Object.entries(tensorflowEnvironment(options))) process.env[name] ??= value;
  let binding: unknown;
  try {
    binding = require(file);
  } catch (thrown) {
    const reason = (thrown instanceof Error ? thrown.message : String(thrown)).split('\n')[0] ?? '';
    throw new DecantError('BACKEND_UNAVAILABLE', `TensorFlow cannot be loaded: ${reason}`, { cause: thrown });
  }
  if (!isBinding(binding)) throw new DecantError('BACKEND_UNAVAILABLE', `${file} is no binding of tfjs-node`);
  loaded = { file, threads: options.threads, binding };
  return binding;
}
