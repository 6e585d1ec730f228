import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DecantError } from '../../../shared/errors.ts';
import { taskByIndex } from '../../../shared/tasks.ts';
import { type Tensor } from '../../../shared/tensor.ts';
import { libraryPaths, type LibraryPaths } from '../../../main/files/library.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { writeSafetensors } from '../../../main/formats/safetensors.ts';

export const fixtures = fileURLToPath(new URL('../../fixtures/dataset/', import.meta.url));
export const fixtureChunks = ['tensordict_0.4.pt', 'tensordict_0.2.pt', 'plain_dict.pt', 'chunk.safetensors'].map(
  (name) => join(fixtures, name),
);

export function temporaryLibrary(): LibraryPaths {
  return libraryPaths(join(temporaryFolder(), 'library'));
}

export interface Chunk {
  obs: Float32Array;
  action: Float32Array;
  reward: Float32Array;
  task: BigInt64Array;
  episodes: number;
  length: number;
}

/** The value that a chunk of `makeChunk` has at a place: exact in float32, different everywhere. */
export function valueAt(column: number, episode: number, entry: number, index: number): number {
  return column + episode * 1024 + entry * 32 + index + 0.5;
}

/** A chunk of one episode a task index given, whose every value tells its place. */
export function makeChunk(tasks: readonly number[], length = 12, firstEpisode = 0): Chunk {
  const episodes = tasks.length;
  const chunk: Chunk = {
    obs: new Float32Array(episodes * length * 24),
    action: new Float32Array(episodes * length * 6),
    reward: new Float32Array(episodes * length),
    task: new BigInt64Array(episodes * length),
    episodes,
    length,
  };
  for (const [episode, task] of tasks.entries()) {
    const { observationDim, actionDim } = taskByIndex(task);
    for (let entry = 0; entry < length; entry++) {
      const place = episode * length + entry;
      const number = firstEpisode + episode;
      for (let index = 0; index < observationDim; index++)
        chunk.obs[place * 24 + index] = valueAt(0, number, entry, index);
      for (let index = 0; index < 6; index++)
        chunk.action[place * 6 + index] = entry === 0 ? NaN : index < actionDim ? -valueAt(0, number, entry, index) : 0;
      chunk.reward[place] = entry === 0 ? NaN : valueAt(0, number, entry, 0) / 4;
      chunk.task[place] = BigInt(task);
    }
  }
  return chunk;
}

export async function writeChunk(path: string, chunk: Chunk): Promise<string> {
  const { episodes, length } = chunk;
  const tensors: [string, Tensor][] = [
    ['obs', { dtype: 'float32', shape: [episodes, length, 24], data: chunk.obs }],
    ['action', { dtype: 'float32', shape: [episodes, length, 6], data: chunk.action }],
    ['reward', { dtype: 'float32', shape: [episodes, length], data: chunk.reward }],
    ['task', { dtype: 'int64', shape: [episodes, length], data: chunk.task }],
  ];
  await writeSafetensors(path, tensors);
  return path;
}

/** The code and detail of the DecantError that an action must end with. */
export async function failure(action: () => unknown): Promise<{ code: string; detail: string }> {
  try {
    await action();
  } catch (thrown) {
    if (thrown instanceof DecantError) return { code: thrown.code, detail: thrown.detail };
    throw thrown;
  }
  throw new Error('it did not fail');
}

/** Every file and folder below a folder, hidden ones too. */
export async function everythingIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder, { recursive: true })).sort();
  } catch {
    return [];
  }
}
