import { architectureSchema, type Architecture } from '../../../shared/architecture.ts';
import { DecantError } from '../../../shared/errors.ts';
import { type FloatTensorMap } from '../../../shared/tensor.ts';
import { checkpointFile, type LibraryPaths } from '../../files/library.ts';
import { type Quantization } from '../../formats/convert.ts';
import { openSafetensors, type SafetensorsFile } from '../../formats/safetensors.ts';
import { officialShapes } from './architectures.ts';
import { architectureKey, floatValues } from './floats.ts';
import { moduleOf, type ModuleName } from './names.ts';
import { quantizationOf } from './source.ts';

/** A checkpoint file of the library. */
export interface StoredCheckpoint extends AsyncDisposable {
  readonly file: SafetensorsFile;
  readonly architecture: Architecture;
  readonly quantization: ReadonlyMap<string, Quantization>;
}

function readArchitecture(file: SafetensorsFile): Architecture {
  let value: unknown;
  try {
    value = JSON.parse(file.metadata[architectureKey] ?? 'null');
  } catch {
    value = undefined;
  }
  const parsed = architectureSchema.safeParse(value);
  if (!parsed.success) throw new DecantError('HASH_MISMATCH', `${file.path} does not say what architecture it is`);
  for (const [name, shape] of officialShapes(parsed.data))
    if (file.entries.get(name)?.shape.join() !== shape.join())
      throw new DecantError('HASH_MISMATCH', `${file.path}: tensor ${name} is not what its architecture says`);
  return parsed.data;
}

/** Errors: FILE_UNREADABLE, those of `openSafetensors`, HASH_MISMATCH where it is no checkpoint of this library. */
export async function openStoredCheckpoint(paths: LibraryPaths, sha256: string): Promise<StoredCheckpoint> {
  const file = await openSafetensors(checkpointFile(paths, sha256));
  try {
    const architecture = readArchitecture(file);
    const quantization = quantizationOf(file);
    return { file, architecture, quantization, [Symbol.asyncDispose]: () => file.close() };
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}

/**
 * Parameters as float32, whatever they are stored as, in the official order; only those of `modules` where given, so that
 * a teacher's encoder, reward head and task embedding do not bring its Qs along.
 * Errors as for `openStoredCheckpoint`.
 */
export async function loadCheckpointParameters(
  paths: LibraryPaths,
  input: { sha256: string },
  modules?: readonly ModuleName[],
): Promise<FloatTensorMap> {
  await using stored = await openStoredCheckpoint(paths, input.sha256);
  const parameters: FloatTensorMap = new Map();
  for (const name of officialShapes(stored.architecture).keys()) {
    const module = moduleOf(name);
    if (modules !== undefined && (module === undefined || !modules.includes(module))) continue;
    parameters.set(name, floatValues(await stored.file.read(name), stored.quantization.get(name)));
  }
  return parameters;
}
