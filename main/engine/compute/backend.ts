import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs';
import { type BackendName } from '../../../shared/configuration.ts';
import { DecantError } from '../../../shared/errors.ts';
import { eagerBackend } from './eager.ts';
import { type EagerBackendName, loadNative, startEager } from './eagerBackends.ts';
import { onnxBackend } from './onnx/backend.ts';
import { type Backend } from './program.ts';
import { tensorflowBackend } from './tensorflow/backend.ts';
import { describeInstallation, hasNvidiaDevice, wouldUseGpu } from './tensorflow/load.ts';

export type ConcreteBackendName = Exclude<BackendName, 'auto'>;

export interface BackendOptions {
  /** Threads that compute; 0 or nothing: as many as the machine runs at once. Eager wasm has one in any case. */
  threads?: number;
}

/** What `--probe-backends` prints of each backend; shared/device.ts says what is made of it. */
export interface BackendAvailability {
  name: ConcreteBackendName;
  /** What people call it. */
  label: string;
  works: boolean;
  /** Whether `auto` would take it, as far as can be told without starting it. */
  automatic: boolean;
  /** What it is, or why it does not work. */
  reason: string;
  /** What would make it work. */
  action?: string;
}

interface BackendKind {
  label: string;
  /** What it is. Throws the reason where it does not work here. */
  probe: () => string;
  /** What would make it work. */
  remedy: string;
  start: (threads: number) => Promise<Backend>;
}

const require = createRequire(import.meta.url);

function eagerKind(name: EagerBackendName, kind: Omit<BackendKind, 'start'>): BackendKind {
  return { ...kind, start: async () => eagerBackend(await startEager(name).then(() => name)) };
}

const kinds: Record<ConcreteBackendName, BackendKind> = {
  onnx: {
    label: 'ONNX Runtime, compiled',
    probe: () => {
      require('onnxruntime-node');
      return `the program as one graph, on ${availableParallelism()} threads`;
    },
    remedy:
      'Install the dependencies again (npm install); onnxruntime-node has libraries for Linux, macOS and Windows.',
    start: onnxBackend,
  },
  tensorflow: {
    label: 'TensorFlow, compiled',
    probe: describeInstallation,
    remedy: 'Run `decant doctor --setup tensorflow`, with --cuda for an NVIDIA GPU.',
    start: (threads) => tensorflowBackend({ threads }),
  },
  wasm: eagerKind('wasm', {
    label: 'WebAssembly, eager',
    probe: () => 'WebAssembly, one thread, works everywhere',
    remedy: '',
  }),
  'tfjs-node': eagerKind('tfjs-node', {
    label: 'TensorFlow, eager',
    probe: () => `package ${loadNative('tfjs-node')}`,
    remedy: 'Install the optional package @tensorflow/tfjs-node: npm install --include=optional.',
  }),
  'tfjs-node-gpu': eagerKind('tfjs-node-gpu', {
    label: 'TensorFlow with CUDA, eager',
    probe: () => `package ${loadNative('tfjs-node-gpu')}`,
    remedy: 'Install the optional package @tensorflow/tfjs-node-gpu, and CUDA 11 with cuDNN 8 for it.',
  }),
};

/** All backends, as they are listed. */
const listed: readonly ConcreteBackendName[] = ['tensorflow', 'onnx', 'tfjs-node-gpu', 'tfjs-node', 'wasm'];
/** What `auto` tries without a usable GPU, fastest first; other eager backends run on request. */
const automatic: readonly ConcreteBackendName[] = ['onnx', 'wasm'];

function messageOf(thrown: unknown): string {
  if (thrown instanceof DecantError) return thrown.detail;
  const [line = ''] = (thrown instanceof Error ? thrown.message : String(thrown)).split('\n');
  const missing = /^Cannot find (?:module|package) '(@?[\w-]+(?:\/[\w-]+)?)'/.exec(line)?.[1];
  return missing === undefined ? line : `the package ${missing} is not installed`;
}

/** Errors: BACKEND_UNAVAILABLE with the reason. */
export async function startBackend(name: BackendName, { threads = 0 }: BackendOptions = {}): Promise<Backend> {
  if (name === 'auto') return startFirst({ threads });
  // Otherwise TF.js advises the log of every job to install another package.
  tf.enableProdMode();
  try {
    return await kinds[name].start(threads > 0 ? threads : availableParallelism());
  } catch (error) {
    if (error instanceof DecantError) throw error;
    throw new DecantError('BACKEND_UNAVAILABLE', `${name}: ${messageOf(error)}. ${kinds[name].remedy}`, {
      cause: error,
    });
  }
}

/** What is passed over is told in the log of the job: a run on another backend than expected should say why. */
async function startFirst(options: BackendOptions): Promise<Backend> {
  const failures: string[] = [];
  const passOver = (name: ConcreteBackendName, error: unknown) => {
    failures.push(messageOf(error));
    process.stderr.write(`backend ${name} is passed over: ${messageOf(error)}\n`);
  };
  if (hasNvidiaDevice()) {
    try {
      return await tensorflowBackend({ threads: options.threads ?? 0, needsGpu: true });
    } catch (error) {
      passOver('tensorflow', error);
    }
  }
  for (const name of automatic) {
    try {
      return await startBackend(name, options);
    } catch (error) {
      passOver(name, error);
    }
  }
  throw new DecantError('BACKEND_UNAVAILABLE', `no backend works here: ${failures.join('; ')}`);
}

/** Which backends would work here, without starting any; a native package is loaded to see whether it can be. */
export function listBackends(): BackendAvailability[] {
  const found = listed.map((name): Omit<BackendAvailability, 'automatic'> => {
    const { label, probe, remedy } = kinds[name];
    try {
      return { name, label, works: true, reason: probe() };
    } catch (error) {
      return { name, label, works: false, reason: messageOf(error), action: remedy };
    }
  });
  const works = (name: ConcreteBackendName): boolean => found.some((backend) => backend.name === name && backend.works);
  const order: readonly ConcreteBackendName[] = wouldUseGpu() ? ['tensorflow', ...automatic] : automatic;
  const chosen = order.find(works);
  return found.map((backend) => ({ ...backend, automatic: backend.name === chosen }));
}
