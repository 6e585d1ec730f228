import { DecantError } from '../../shared/errors.ts';
import { paddedActionDim, paddedObservationDim, taskCount } from '../../shared/tasks.ts';
import { type TensorData } from '../../shared/tensor.ts';
import { type ChunkField } from './chunkSource.ts';
import { type EpisodeBlock } from './segment.ts';
import { columnWidth } from './segmentInfo.ts';

export interface BlockPlace {
  file: string;
  /** Number in the file of the block's first episode. */
  firstEpisode: number;
  episodes: number;
  episodeLength: number;
}

function floatsOf(data: TensorData, field: ChunkField): Float32Array {
  if (data instanceof Float32Array) return data;
  throw new TypeError(`field "${field}" is not float32`);
}

/** A read block of a chunk, [n, L, …] each, with the checks that name file, episode, entry and field. */
class Block {
  readonly #place: BlockPlace;
  readonly #fields: Record<'obs' | 'action' | 'reward', Float32Array>;
  readonly #task: TensorData;

  constructor(fields: Record<ChunkField, TensorData>, place: BlockPlace) {
    this.#place = place;
    this.#fields = {
      obs: floatsOf(fields.obs, 'obs'),
      action: floatsOf(fields.action, 'action'),
      reward: floatsOf(fields.reward, 'reward'),
    };
    this.#task = fields.task;
  }

  /** The task of an episode. Errors: DATASET_INVALID where it changes or is none of MT30's. */
  taskOf(episode: number): number {
    const { episodeLength } = this.#place;
    const first = episode * episodeLength;
    const task = this.#task[first];
    for (let entry = 1; entry < episodeLength; entry++)
      if (this.#task[first + entry] !== task)
        throw this.#invalid(
          episode,
          entry,
          `"task" changes inside the episode, from ${task} to ${this.#task[first + entry]}`,
        );
    const index = Number(task);
    if (!(index >= 0 && index < taskCount))
      throw this.#invalid(episode, 0, `"task" is ${index}, which is not in 0..${taskCount - 1}`);
    return index;
  }

  /** Copies an episode's own dimensions to `target`, which begins at the episode. */
  copy(episode: number, task: number, target: EpisodeBlock): void {
    this.#copyColumn('obs', paddedObservationDim, episode, task, target.obs);
    this.#copyColumn('action', paddedActionDim, episode, task, target.action);
    this.#copyColumn('reward', 1, episode, task, target.reward);
  }

  #copyColumn(
    field: 'obs' | 'action' | 'reward',
    padded: number,
    episode: number,
    task: number,
    target: Float32Array,
  ): void {
    const source = this.#fields[field];
    const { episodeLength } = this.#place;
    const width = columnWidth(field, task);
    for (let entry = 0; entry < episodeLength; entry++) {
      const from = (episode * episodeLength + entry) * padded;
      const unused = entry === 0 && field !== 'obs';
      for (let index = 0; index < width; index++) {
        const value = source[from + index] ?? NaN;
        // Entry 0 has no action or reward: one form of absence, so that equal episodes have equal bytes.
        if (!unused && !Number.isFinite(value)) throw this.#notFinite(episode, entry, field, value);
        target[entry * width + index] = unused ? NaN : value;
      }
      if (field !== 'obs') continue;
      for (let index = width; index < padded; index++)
        if (source[from + index] !== 0)
          throw this.#invalid(
            episode,
            entry,
            `"obs" has ${source[from + index]} at position ${index}, beyond the task's ${width}`,
          );
    }
  }

  #at(episode: number, entry: number): string {
    return `${this.#place.file}: episode ${this.#place.firstEpisode + episode}, entry ${entry}`;
  }

  #invalid(episode: number, entry: number, detail: string): DecantError {
    return new DecantError('DATASET_INVALID', `${this.#at(episode, entry)}: ${detail}`);
  }

  #notFinite(episode: number, entry: number, field: string, value: number): DecantError {
    return new DecantError('DATASET_NAN', `${this.#at(episode, entry)}: "${field}" is ${value}`);
  }
}

/**
 * Splits a block into runs of episodes of one task, checked and cut to the task's own dimensions.
 * Errors: DATASET_NAN, DATASET_INVALID, naming file, episode, entry and field. Padding of actions is dropped unseen: the
 * official writers leave what they like there, and the policy masks it.
 */
export function* checkedEpisodes(
  fields: Record<ChunkField, TensorData>,
  place: BlockPlace,
): Generator<{ task: number; block: EpisodeBlock }> {
  const block = new Block(fields, place);
  const tasks = Array.from({ length: place.episodes }, (_, episode) => block.taskOf(episode));
  for (let first = 0; first < place.episodes;) {
    const task = tasks[first] ?? 0;
    let end = first + 1;
    while (end < place.episodes && tasks[end] === task) end += 1;
    const entries = (end - first) * place.episodeLength;
    const run: EpisodeBlock = {
      obs: new Float32Array(entries * columnWidth('obs', task)),
      action: new Float32Array(entries * columnWidth('action', task)),
      reward: new Float32Array(entries),
    };
    for (let episode = first; episode < end; episode++) {
      const start = (episode - first) * place.episodeLength;
      block.copy(episode, task, {
        obs: run.obs.subarray(start * columnWidth('obs', task)),
        action: run.action.subarray(start * columnWidth('action', task)),
        reward: run.reward.subarray(start),
      });
    }
    yield { task, block: run };
    first = end;
  }
}
