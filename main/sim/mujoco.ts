import { readFile } from 'node:fs/promises';
import loadModule, { type MainModule, type MjModel } from '@mujoco/mujoco';
import { applicationFile } from '../../shared/place.ts';

export type Mujoco = MainModule;

/** MJCF of our own, compiled to the numbers of dm_control's models; the custom pendulum's differ in nothing. */
export type ModelName = 'pendulum' | 'cartpole';

const modelFolder = applicationFile('resources/models/');
/** What the models include; MuJoCo finds it by this name in the virtual files given to the compiler. */
const includedFiles = ['materials.xml'] as const;

let loading: Promise<Mujoco> | undefined;

/** The single-thread WASM module, loaded once in each process or worker. */
export function loadMujoco(): Promise<Mujoco> {
  loading ??= loadModule();
  return loading;
}

/** Compiles a model of resources/models. The caller owns the handle and ends it with `delete()`. */
export async function compileModel(name: ModelName): Promise<MjModel> {
  const [mujoco, text, ...included] = await Promise.all([
    loadMujoco(),
    readFile(new URL(`${name}.xml`, modelFolder), 'utf8'),
    ...includedFiles.map((file) => readFile(new URL(file, modelFolder))),
  ]);
  const files = new mujoco.MjVFS();
  try {
    includedFiles.forEach((file, index) => files.addBuffer(file, included[index]));
    return mujoco.MjModel.from_xml_string(text, files);
  } finally {
    files.delete();
  }
}

export type NumericArray = Float64Array | Float32Array | Int32Array | Uint8Array;

/**
 * An array of the module, typed. It is a view of WASM memory: it goes stale when the memory grows, so take it
 * anew at each use (about 0.1 microseconds) and never keep it.
 */
export function float64View(value: unknown): Float64Array {
  if (!(value instanceof Float64Array)) throw new TypeError('MuJoCo gave something other than a float64 array');
  return value;
}

export function isNumericArray(value: unknown): value is NumericArray {
  return (
    value instanceof Float64Array ||
    value instanceof Float32Array ||
    value instanceof Int32Array ||
    value instanceof Uint8Array
  );
}
