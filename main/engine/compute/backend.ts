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

export interface BackendAvailability {
  name: ConcreteBackendName;
  available: boolean;
  /** Why not, or what it is. */
  reason: string;
}

const require = createRequire(import.meta.url);

const nativePackages = { 'tfjs-node': '@tensorflow/tfjs-node', 'tfjs-node-gpu': '@tensorflow/tfjs-node-gpu' } as const;

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

/** Which backends would work here, without starting any; a native package is loaded to see whether it can be. */
export function listBackends(): BackendAvailability[] {
  return backendOrder.map((name) => {
    if (name === 'wasm') return { name, available: true, reason: 'WebAssembly, one thread, works everywhere' };
    try {
      loadNative(name);
      return { name, available: true, reason: `package ${nativePackages[name]}` };
    } catch (error) {
      return { name, available: false, reason: messageOf(error) };
    }
  });
}
