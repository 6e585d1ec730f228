import { DecantError } from '../../shared/errors.ts';
import { paddedActionDim, paddedObservationDim } from '../../shared/tasks.ts';
import { elementCount, type TensorData, type TensorDtype } from '../../shared/tensor.ts';
import { openedAs } from '../files/reading.ts';
import { bytesPerElement, dataOfBytes } from '../formats/dtypes.ts';
import { openPt } from '../formats/pt.ts';
import { ptColumns } from '../formats/ptTree.ts';
import { openSafetensors } from '../formats/safetensors.ts';
import { sniffFormat } from '../formats/sniff.ts';

export const chunkFields = ['obs', 'action', 'reward', 'task'] as const;
export type ChunkField = (typeof chunkFields)[number];

/** A field of a chunk: episodes along the first axis, read a range at a time. */
interface FieldReader {
  readonly dtype: TensorDtype;
  readonly shape: readonly number[];
  readRows(start: number, count: number): Promise<TensorData>;
}

/** A chunk file in any of its layouts, with the shapes checked: [N, L, 24], [N, L, 6], [N, L] and [N, L]. */
export interface ChunkSource extends AsyncDisposable {
  readonly path: string;
  readonly episodes: number;
  readonly episodeLength: number;
  /** float32, or an integer type for `task`. */
  readRows(field: ChunkField, start: number, count: number): Promise<TensorData>;
  /** Checksums of what was not read in order. Errors: ZIP_INVALID. */
  verify(): Promise<void>;
}

/** Entries that the official sampler needs at the default horizon of 3. */
const shortestEpisode = 4;

function checkedSource(
  path: string,
  fields: ReadonlyMap<string, FieldReader>,
  verify: () => Promise<void>,
  close: () => Promise<void>,
): ChunkSource {
  const invalid = (detail: string): DecantError => new DecantError('DATASET_INVALID', `${path}: ${detail}`);
  const field = (name: ChunkField): FieldReader => {
    const reader = fields.get(name);
    if (reader === undefined) throw invalid(`there is no field "${name}"`);
    return reader;
  };
  const [episodes, episodeLength] = field('reward').shape;
  if (episodes === undefined || episodeLength === undefined || episodes < 1)
    throw invalid(`field "reward" is [${field('reward').shape.join(', ')}] where [episodes, entries] is expected`);
  if (episodeLength < shortestEpisode)
    throw invalid(`its episodes have ${episodeLength} entries; at least ${shortestEpisode} are needed`);
  const expected: Record<ChunkField, number[]> = {
    obs: [episodes, episodeLength, paddedObservationDim],
    action: [episodes, episodeLength, paddedActionDim],
    reward: [episodes, episodeLength],
    task: [episodes, episodeLength],
  };
  for (const name of chunkFields) {
    const { dtype, shape } = field(name);
    if (shape.join() !== expected[name].join())
      throw invalid(`field "${name}" is [${shape.join(', ')}] where [${expected[name].join(', ')}] is expected`);
    const integer = dtype === 'int64' || dtype === 'int32' || dtype === 'int16';
    if (name === 'task' ? !integer : dtype !== 'float32')
      throw invalid(`field "${name}" is ${dtype} where ${name === 'task' ? 'int64' : 'float32'} is expected`);
  }
  return {
    path,
    episodes,
    episodeLength,
    readRows: (name, start, count) => field(name).readRows(start, count),
    verify,
    [Symbol.asyncDispose]: close,
  };
}

async function openPtChunk(path: string): Promise<ChunkSource> {
  const file = await openPt(path);
  try {
    const columns = ptColumns(file.root);
    if (columns === undefined) throw new DecantError('DATASET_INVALID', `${path} holds no dictionary of tensors`);
    const fields = new Map<string, FieldReader>(
      [...columns.tensors].map(([name, tensor]) => [
        name,
        {
          dtype: tensor.dtype,
          shape: tensor.shape,
          readRows: async (start, count) => (await tensor.readRows(start, count)).data,
        },
      ]),
    );
    return checkedSource(
      path,
      fields,
      () => file.verify(),
      () => file.close(),
    );
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}

async function openSafetensorsChunk(path: string): Promise<ChunkSource> {
  const header = await openSafetensors(path);
  await header.close();
  return openedAs(path, (file) => {
    const fields = new Map<string, FieldReader>(
      [...header.entries].map(([name, { dtype, shape, position }]) => {
        const rowBytes = elementCount(shape.slice(1)) * bytesPerElement[dtype];
        return [
          name,
          {
            dtype,
            shape,
            readRows: async (start, count) =>
              dataOfBytes(dtype, await file.read(position + start * rowBytes, count * rowBytes)),
          },
        ];
      }),
    );
    return checkedSource(
      path,
      fields,
      () => Promise.resolve(),
      () => file.close(),
    );
  });
}

/** Errors: FORMAT_UNKNOWN for anything but .pt and .safetensors, FILE_TRUNCATED, FILE_UNREADABLE. */
export async function modelOrDataFormat(path: string): Promise<'pt' | 'safetensors'> {
  const format = await sniffFormat(path);
  if (format === 'npy') throw new DecantError('FORMAT_UNKNOWN', `${path} is a single .npy array`);
  return format;
}

/**
 * Opens a chunk of the official dataset: a TensorDict, a dictionary of tensors, or safetensors with the same names. Other
 * fields are ignored. Errors: those of `openPt` and `openSafetensors`; DATASET_INVALID naming the field.
 */
export async function openChunk(path: string): Promise<ChunkSource> {
  return (await modelOrDataFormat(path)) === 'pt' ? openPtChunk(path) : openSafetensorsChunk(path);
}
