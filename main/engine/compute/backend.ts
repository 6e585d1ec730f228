import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { type BackendName } from '../../../shared/configuration.ts';
import { DecantError } from '../../../shared/errors.ts';
import { eagerBackend } from './eager.ts';
import { type Backend } from './program.ts';

export type ConcreteBackendName = Exclude<BackendName, 'auto'>;

/** Fastest first. */
const backendOrder = ['tfjs-node-gpu', 'tfjs-node', 'wasm'] as const satisfies readonly ConcreteBackendName[];

/** What `--probe-backends` prints of each backend; shared/device.ts says what is made of it. */
export interface BackendAvailability {
  name: ConcreteBackendName;
  /** What people call it. */
  label: string;
  works: boolean;
  /** What it is, or why it does not work. */
  reason: string;
  /** What would make it work. */
  action?: string;
}

const labels = {
  'tfjs-node-gpu': 'TensorFlow with CUDA, eager',
  'tfjs-node': 'TensorFlow, eager',
  wasm: 'WebAssembly, eager',
} as const satisfies Record<ConcreteBackendName, string>;

const require = createRequire(import.meta.url);

const nativePackages = { 'tfjs-node': '@tensorflow/tfjs-node', 'tfjs-node-gpu': '@tensorflow/tfjs-node-gpu' } as const;

/** What an absent package needs. The one for GPUs also needs NVIDIA's libraries. */
const remedies = {
  'tfjs-node': 'Install the optional package @tensorflow/tfjs-node: npm install --include=optional.',
  'tfjs-node-gpu': 'Install the optional package @tensorflow/tfjs-node-gpu, and CUDA 11 with cuDNN 8 for it.',
} as const;

function messageOf(thrown: unknown): string {
  return (thrown instanceof Error ? thrown.message : String(thrown)).split('\n')[0] ?? '';
}

/** Loads the native package; it registers itself as the TF.js backend "tensorflow". Both of its kinds share that name. */
function loadNative(name: 'tfjs-node' | 'tfjs-node-gpu'): void {
  require(nativePackages[name]);
}

async function startWasm(): Promise<void> {
  setWasmPaths(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')) + sep);
  if (!(await tf.setBackend('wasm'))) throw new Error('the wasm backend could not be started');
}

let started: ConcreteBackendName | undefined;

/**
 * Chooses what TF.js runs on in this process, once: the first backend started stays, since tensors do not move.
 * Errors: BACKEND_UNAVAILABLE with the reason, also where another one is running already.
 */
export async function startBackend(name: BackendName): Promise<Backend> {
  if (name === 'auto') return startFirst();
  if (started !== undefined && started !== name)
    throw new DecantError('BACKEND_UNAVAILABLE', `this process already runs ${started}, so not ${name}`);
  try {
    if (name === 'wasm') await startWasm();
    else {
      loadNative(name);
      if (!(await tf.setBackend('tensorflow'))) throw new Error('TensorFlow could not be started');
    }
    await tf.ready();
  } catch (error) {
    throw new DecantError('BACKEND_UNAVAILABLE', `${name}: ${messageOf(error)}`, { cause: error });
  }
  started = name;
  return eagerBackend(name);
}

async function startFirst(): Promise<Backend> {
  if (started !== undefined) return eagerBackend(started);
  for (const name of backendOrder) {
    try {
      return await startBackend(name);
    } catch (error) {
      if (name === 'wasm' || !(error instanceof DecantError)) throw error;
    }
  }
  throw new DecantError('BACKEND_UNAVAILABLE', 'no backend works here');
}

/**
 * Which backends would work here, in the order in which `auto` takes them, without starting any; a native package is loaded to see
 * whether it can be.
 */
export function listBackends(): BackendAvailability[] {
  return backendOrder.map((name) => {
    const label = labels[name];
    if (name === 'wasm') return { name, label, works: true, reason: 'WebAssembly, one thread, works everywhere' };
    try {
      loadNative(name);
      return { name, label, works: true, reason: `package ${nativePackages[name]}` };
    } catch (error) {
      return { name, label, works: false, reason: messageOf(error), action: remedies[name] };
    }
  });
}
