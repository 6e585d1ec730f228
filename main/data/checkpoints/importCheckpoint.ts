import { DecantError } from '../../../shared/errors.ts';
import type { CheckpointFacts } from '../../../shared/facts.ts';
import { elementCount, type Tensor, type TensorDtype } from '../../../shared/tensor.ts';
import { writeByContent } from '../../files/durable.ts';
import { ensureFolder } from '../../files/folders.ts';
import { type LibraryPaths } from '../../files/library.ts';
import { type Quantization } from '../../formats/convert.ts';
import { safetensorsStream, type LazyTensor } from '../../formats/safetensors.ts';
import { inferArchitecture, officialShapes } from './architectures.ts';
import { architectureKey, checkFinite, floatValues } from './floats.ts';
import { moduleNames, moduleOf } from './names.ts';
import { quantizationWarnings } from './quantizationReport.ts';
import {
  encodeQuantization,
  openCheckpoint,
  quantizationKey,
  type CheckpointSource,
  type SourceTensor,
} from './source.ts';

/** float16 and float32 stay; codes stay with their scale; anything else that is a number is stored as float32. */
function storedDtype(name: string, tensor: SourceTensor, quantization: Quantization | undefined): TensorDtype {
  const { dtype } = tensor;
  if (dtype === 'float16' || dtype === 'float32') return dtype;
  if (dtype === 'bfloat16' || dtype === 'float64') return 'float32';
  if ((dtype === 'int8' || dtype === 'uint8' || dtype === 'int32') && quantization !== undefined) return dtype;
  throw new DecantError('FORMAT_UNKNOWN', `tensor ${name} is ${dtype} without a scale`);
}

async function readQuantizations(source: CheckpointSource): Promise<Map<string, Quantization>> {
  const quantization = new Map<string, Quantization>();
  for (const [name, tensor] of source.tensors) {
    const how = await tensor.readQuantization();
    if (how !== undefined) quantization.set(name, how);
  }
  return quantization;
}

/** Parameters and dtypes by module, and the precision that they amount to. */
export function describeTensors(
  tensors: Iterable<readonly [string, { dtype: TensorDtype; shape: readonly number[] }]>,
): Pick<CheckpointFacts, 'precision' | 'parameters' | 'modules'> {
  const listed = [...tensors];
  const dtypes = new Set(listed.map(([, tensor]) => tensor.dtype));
  const [only] = dtypes;
  const single = only === 'float32' ? 'fp32' : only === 'float16' ? 'fp16' : 'int8';
  const modules = moduleNames.flatMap((name) => {
    const own = listed.filter(([tensor]) => moduleOf(tensor) === name).map(([, tensor]) => tensor);
    const parameters = own.reduce((sum, tensor) => sum + elementCount(tensor.shape), 0);
    return own.length === 0 ? [] : [{ name, parameters, dtypes: [...new Set(own.map((tensor) => tensor.dtype))] }];
  });
  return {
    precision: dtypes.size === 1 ? single : 'mixed',
    parameters: modules.reduce((sum, module) => sum + module.parameters, 0),
    modules,
  };
}

/**
 * Copies a model checkpoint into the library as safetensors with td-mpc-opt's names, in the precision it has, one tensor
 * in memory at a time. The same weights give the same file, whatever layout or format they came in; `existed` tells that
 * the library had it.
 * Errors: those of `openCheckpoint`; ARCHITECTURE_UNKNOWN, CHECKPOINT_NAN, FORMAT_UNKNOWN, DISK_FULL.
 */
export async function importCheckpoint(
  paths: LibraryPaths,
  file: string,
  signal?: AbortSignal,
): Promise<{ facts: CheckpointFacts; existed: boolean }> {
  await using source = await openCheckpoint(file);
  const shapes = new Map([...source.tensors].map(([name, tensor]) => [name, tensor.shape]));
  const architecture = inferArchitecture(shapes, file);
  const quantization = await readQuantizations(source);
  const tensors: [string, LazyTensor][] = [...officialShapes(architecture).keys()].map((name) => {
    const tensor = source.tensors.get(name);
    if (tensor === undefined) throw new DecantError('ARCHITECTURE_UNKNOWN', `${file} has no tensor ${name}`);
    const how = quantization.get(name);
    const dtype = storedDtype(name, tensor, how);
    const read = async (): Promise<Tensor> => {
      signal?.throwIfAborted();
      const stored = await tensor.read();
      const floats = floatValues(stored, how);
      checkFinite(floats.data, name, file);
      return stored.dtype === dtype ? stored : floats;
    };
    return [name, { dtype, shape: tensor.shape, read }];
  });
  const metadata = {
    [architectureKey]: JSON.stringify(architecture),
    ...(quantization.size > 0 ? { [quantizationKey]: encodeQuantization(quantization) } : {}),
  };
  await ensureFolder(paths.checkpoints);
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    yield* safetensorsStream(tensors, metadata);
    // Before the file gets its name: a damaged archive must leave nothing behind.
    await source.verify();
  };
  const written = await writeByContent(paths.checkpoints, (sha256) => `${sha256}.safetensors`, chunks());
  const { sha256, bytes, existed } = written;
  const facts: CheckpointFacts = {
    sha256,
    bytes,
    architecture,
    ...describeTensors(tensors),
    trainingState: false,
    warnings: [
      ...environmentWarnings(architecture),
      ...(quantization.size > 0 ? await quantizationWarnings(paths, sha256) : []),
    ],
    layout: source.layout,
  };
  return { facts, existed };
}

function environmentWarnings({ obsDim, actionDim, numTasks }: CheckpointFacts['architecture']): string[] {
  if (obsDim === 24 && actionDim === 6 && numTasks === 30) return [];
  return [
    `made for ${numTasks} tasks with observations of ${obsDim} and actions of ${actionDim}, where MT30 has 30, 24 and 6: it cannot teach or be trained on MT30 data`,
  ];
}
