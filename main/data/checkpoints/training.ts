import { type Architecture } from '../../../shared/architecture.ts';
import { DecantError } from '../../../shared/errors.ts';
import type { CheckpointFacts } from '../../../shared/facts.ts';
import { type FloatTensor, type FloatTensorMap } from '../../../shared/tensor.ts';
import { writeByContent } from '../../files/durable.ts';
import { ensureFolder } from '../../files/folders.ts';
import { type LibraryPaths } from '../../files/library.ts';
import { safetensorsChunks } from '../../formats/safetensors.ts';
import { officialShapes } from './architectures.ts';
import { architectureKey, checkFinite, floatValues } from './floats.ts';
import { describeTensors } from './importCheckpoint.ts';
import { openStoredCheckpoint } from './stored.ts';

const trainingKey = 'training';
const momentName = /^(pi_)?optim\.exp_avg(_sq)?\._/;

export interface TrainingState {
  architecture: Architecture;
  /** Every tensor of the model by its official name. */
  parameters: FloatTensorMap;
  /** Adam's, named `optim.exp_avg.<parameter>`, `pi_optim.exp_avg_sq.<parameter>` and so on. */
  moments: FloatTensorMap;
  /** Step, running scale and whatever else continues a run: JSON that the engine writes and checks. */
  training: string;
}

function checkNames(state: TrainingState): void {
  const expected = officialShapes(state.architecture);
  for (const [name, shape] of expected)
    if (state.parameters.get(name)?.shape.join() !== shape.join())
      throw new RangeError(`parameter ${name} is not [${shape.join(', ')}]`);
  const unknown = [...state.parameters.keys()].find((name) => !expected.has(name));
  const misnamed = unknown ?? [...state.moments.keys()].find((name) => !momentName.test(name));
  if (misnamed !== undefined) throw new RangeError(`${misnamed} is neither a parameter nor a moment`);
}

/**
 * Writes a checkpoint that training can continue from into the library, named by its content; without moments it is the
 * model alone. Errors: CHECKPOINT_NAN (nothing is written), DISK_FULL, FILE_UNWRITABLE.
 */
export async function writeTrainingCheckpoint(paths: LibraryPaths, state: TrainingState): Promise<CheckpointFacts> {
  checkNames(state);
  for (const [name, tensor] of [...state.parameters, ...state.moments])
    checkFinite(tensor.data, name, 'the run’s state');
  const named = (map: FloatTensorMap, names: Iterable<string>): [string, FloatTensor][] =>
    [...names].flatMap((name) => {
      const tensor = map.get(name);
      return tensor === undefined ? [] : [[name, tensor]];
    });
  const parameters = named(state.parameters, officialShapes(state.architecture).keys());
  const moments = named(state.moments, [...state.moments.keys()].sort());
  const metadata = { [architectureKey]: JSON.stringify(state.architecture), [trainingKey]: state.training };
  await ensureFolder(paths.checkpoints);
  const { sha256, bytes } = await writeByContent(
    paths.checkpoints,
    (name) => `${name}.safetensors`,
    safetensorsChunks([...parameters, ...moments], metadata),
  );
  return {
    sha256,
    bytes,
    architecture: state.architecture,
    ...describeTensors(parameters),
    trainingState: moments.length > 0,
    warnings: [],
  };
}

/**
 * Errors: CHECKPOINT_INCOMPLETE where the file holds no training state; FILE_UNREADABLE, HASH_MISMATCH and those of
 * `openSafetensors`.
 */
export async function readTrainingCheckpoint(paths: LibraryPaths, sha256: string): Promise<TrainingState> {
  await using stored = await openStoredCheckpoint(paths, sha256);
  const { file, architecture } = stored;
  const training = file.metadata[trainingKey];
  const momentNames = [...file.entries.keys()].filter((name) => momentName.test(name));
  if (training === undefined || momentNames.length === 0)
    throw new DecantError('CHECKPOINT_INCOMPLETE', `${sha256} holds a model without optimiser moments`);
  const parameters: FloatTensorMap = new Map();
  for (const name of officialShapes(architecture).keys())
    parameters.set(name, floatValues(await file.read(name), stored.quantization.get(name)));
  const moments: FloatTensorMap = new Map();
  for (const name of momentNames) moments.set(name, floatValues(await file.read(name), undefined));
  return { architecture, parameters, moments, training };
}
