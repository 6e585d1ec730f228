import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { DecantError } from '../../../../shared/errors.ts';
import { type ToolVariant } from '../../../../shared/jobs.ts';
import { tensorflowVersion } from '../../../setup/pinned.ts';
import { findTensorflow } from '../../../setup/setUp.ts';
import { loadBinding, type TensorflowBinding } from './binding.ts';

/** A TensorFlow on this machine: where its binding is, and what it came from. */
export interface TensorflowInstallation {
  readonly binding: string;
  readonly source: string;
  readonly cudaFolder?: string;
  /** Of the version that the set-up pins. */
  readonly pinned: boolean;
}

export interface TensorflowOptions {
  /** CPU threads of one operation; all cores with 0 or without it. */
  readonly threads?: number;
  /** A certain one, instead of the first that is found. */
  readonly installation?: TensorflowInstallation;
}

const require = createRequire(import.meta.url);

/** The binding that an npm package built or downloaded; undefined where it is not installed or has none. */
function packaged(name: string): TensorflowInstallation | undefined {
  let folder: string;
  try {
    folder = join(dirname(require.resolve(`${name}/package.json`)), 'lib');
  } catch {
    return undefined;
  }
  const versions = existsSync(folder) ? readdirSync(folder).sort() : [];
  const built = versions
    .map((version) => join(folder, version, 'tfjs_binding.node'))
    .filter((file) => existsSync(file));
  const binding = built.at(-1);
  return binding === undefined ? undefined : { binding, source: `package ${name}`, pinned: false };
}

function setUp(variant: ToolVariant, tools: string | undefined): TensorflowInstallation | undefined {
  const places = findTensorflow(variant, tools);
  return places === undefined
    ? undefined
    : installationIn(places.folder, `TensorFlow ${tensorflowVersion} set up in ${places.folder}`);
}

/** The TensorFlow in a tool's folder, as the set-up lays it out. */
export function installationIn(folder: string, source = folder): TensorflowInstallation {
  const cuda = join(folder, 'site', 'nvidia', 'cuda_nvcc');
  return {
    binding: join(folder, 'binding', 'tfjs_binding.node'),
    source,
    pinned: true,
    ...(existsSync(cuda) && { cudaFolder: cuda }),
  };
}

/** Whether NVIDIA's driver has a GPU for this process. */
export function hasNvidiaDevice(): boolean {
  return existsSync('/dev/nvidia0') || existsSync('/dev/dxg');
}

/** Every TensorFlow here, the most fitting first: with a GPU those that use it, without one those for the CPU. */
export function listInstallations(tools?: string, gpu: boolean = hasNvidiaDevice()): TensorflowInstallation[] {
  const forGpu = [setUp('cuda', tools), packaged('@tensorflow/tfjs-node-gpu')];
  const forCpu = [setUp('cpu', tools), packaged('@tensorflow/tfjs-node')];
  const ordered = gpu ? [...forGpu, ...forCpu] : [...forCpu, ...forGpu];
  return ordered.filter((found) => found !== undefined);
}

/** Whether the TensorFlow that would be loaded is one for a GPU, and there is one. */
export function wouldUseGpu(): boolean {
  const [first] = listInstallations();
  const forGpu = first?.cudaFolder !== undefined || first?.source === `package @tensorflow/tfjs-node-gpu`;
  return forGpu && hasNvidiaDevice();
}

function firstInstallation(): TensorflowInstallation {
  const [installation] = listInstallations();
  if (installation === undefined)
    throw new DecantError('BACKEND_UNAVAILABLE', 'no TensorFlow is set up, and no package has one');
  return installation;
}

/**
 * The TensorFlow that would be loaded, in words. It is only looked for: what was set up was also started then, and a process that looks for several
 * backends must not load two of them. Errors: BACKEND_UNAVAILABLE where there is none.
 */
export function describeInstallation(): string {
  const { source, cudaFolder } = firstInstallation();
  return `${source}${cudaFolder !== undefined && hasNvidiaDevice() ? ', for the GPU' : ''}`;
}

/** Errors: BACKEND_UNAVAILABLE where there is none, or it cannot be loaded. */
export function loadTensorflow(options: TensorflowOptions = {}): TensorflowBinding {
  const { binding, cudaFolder, pinned } = options.installation ?? firstInstallation();
  const threads = options.threads === 0 ? undefined : options.threads;
  return loadBinding(binding, { threads, cudaFolder, pinned, gpu: hasNvidiaDevice() });
}
