import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { DecantError } from '../../../shared/errors.ts';

export type EagerBackendName = 'wasm' | 'tfjs-node' | 'tfjs-node-gpu';

const require = createRequire(import.meta.url);

const nativePackages = { 'tfjs-node': '@tensorflow/tfjs-node', 'tfjs-node-gpu': '@tensorflow/tfjs-node-gpu' } as const;

const removedUtilities = {
  isNullOrUndefined: (value: unknown) => value === undefined || value === null,
  isArray: (value: unknown) => Array.isArray(value),
};

/** tfjs-node calls two of Node's utilities that Node 23 removed. Only a process that loads it gets them back. */
function restoreUtilities(): void {
  for (const [name, utility] of Object.entries(removedUtilities))
    if (!(name in util)) Object.assign(util, { [name]: utility });
}

/** Loads the native package; it registers itself as the TF.js backend "tensorflow". Both of its kinds share that name. */
export function loadNative(name: Exclude<EagerBackendName, 'wasm'>): string {
  // A package that is not there needs none.
  require.resolve(nativePackages[name]);
  restoreUtilities();
  require(nativePackages[name]);
  return nativePackages[name];
}

async function startWasm(): Promise<void> {
  setWasmPaths(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')) + sep);
  if (!(await tf.setBackend('wasm'))) throw new Error('the wasm backend could not be started');
}

let started: EagerBackendName | undefined;

/**
 * Chooses what TF.js runs on in this process, once: the first one started stays, since tensors do not move.
 * Errors: BACKEND_UNAVAILABLE where another one is running already; whatever the package fails with.
 */
export async function startEager(name: EagerBackendName): Promise<void> {
  if (started !== undefined && started !== name)
    throw new DecantError('BACKEND_UNAVAILABLE', `this process already runs ${started}, so not ${name}`);
  if (name === 'wasm') await startWasm();
  else {
    loadNative(name);
    if (!(await tf.setBackend('tensorflow'))) throw new Error('TensorFlow could not be started');
  }
  await tf.ready();
  started = name;
}
