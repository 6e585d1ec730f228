import { DecantError } from '../../shared/errors.ts';
import { preciseUniforms, randomSites } from '../../shared/random.ts';
import { taskByIndex } from '../../shared/tasks.ts';
import { type Manifest } from './manifest.ts';
import { emptyWindows, type Windows } from './windows.ts';

export interface SamplerOptions {
  seed: number;
  batchSize: number;
  horizon: number;
  /** Episodes at the end of each task that are never drawn. */
  validationEpisodes: number;
}

/** Episodes `first` to `end - 1` of a segment. */
export interface EpisodeRange {
  segment: number;
  task: number;
  first: number;
  end: number;
}

/**
 * Divides a version's episodes: the last `validationEpisodes` of each task, in the manifest's order, are held out.
 * Errors: CONFIG_INVALID where a task would keep no episode to train on.
 */
export function splitEpisodes(
  manifest: Manifest,
  validationEpisodes: number,
): { training: EpisodeRange[]; heldOut: EpisodeRange[] } {
  const training: EpisodeRange[] = [];
  const heldOut: EpisodeRange[] = [];
  const toHold = new Map<number, number>();
  for (const [segment, { task, episodes }] of [...manifest.segments.entries()].reverse()) {
    const wanted = toHold.get(task) ?? validationEpisodes;
    const held = Math.min(wanted, episodes);
    toHold.set(task, wanted - held);
    if (held > 0) heldOut.unshift({ segment, task, first: episodes - held, end: episodes });
    if (held < episodes) training.unshift({ segment, task, first: 0, end: episodes - held });
  }
  const trained = new Set(training.map((range) => range.task));
  const starved = [...toHold.keys()].find((task) => !trained.has(task));
  if (starved !== undefined)
    throw new DecantError(
      'CONFIG_INVALID',
      `validationEpisodes: ${validationEpisodes} leaves no episode of ${taskByIndex(starved).name} to train on`,
    );
  return { training, heldOut };
}

/**
 * Draws windows as torchrl's SliceSampler does for the official buffer: each sequence takes an episode uniformly, with
 * replacement, and a start uniformly among those that leave H+1 entries. The windows of an update depend on the seed and
 * its step alone, so that the step is the whole cursor and any later update's windows can be listed beforehand.
 */
export class WindowSampler {
  readonly manifest: Manifest;
  readonly options: SamplerOptions;
  readonly training: readonly EpisodeRange[];
  readonly heldOut: readonly EpisodeRange[];
  /** Number of episodes that are drawn from. */
  readonly episodes: number;
  /** Episodes of the ranges before each range. */
  readonly #offsets: Int32Array;
  readonly #starts: number;

  /** Errors: CONFIG_INVALID (horizon does not fit the episodes, or no episode is left). */
  constructor(manifest: Manifest, options: SamplerOptions) {
    this.manifest = manifest;
    this.options = options;
    this.#starts = manifest.episodeLength - options.horizon;
    if (this.#starts < 1)
      throw new DecantError(
        'CONFIG_INVALID',
        `hyperparameters.horizon: ${options.horizon} does not fit episodes of ${manifest.episodeLength} entries`,
      );
    ({ training: this.training, heldOut: this.heldOut } = splitEpisodes(manifest, options.validationEpisodes));
    this.#offsets = new Int32Array(this.training.length);
    let episodes = 0;
    for (const [index, range] of this.training.entries()) {
      this.#offsets[index] = episodes;
      episodes += range.end - range.first;
    }
    this.episodes = episodes;
  }

  /** The windows of update `step` (the first is 1; any natural number will do). */
  windows(step: number): Windows {
    const { seed, batchSize } = this.options;
    const draws = preciseUniforms(seed, step, randomSites.windows, 2 * batchSize);
    const windows = emptyWindows(batchSize);
    for (let index = 0; index < batchSize; index++) {
      const episode = Math.floor((draws[2 * index] ?? 0) * this.episodes);
      const position = this.#rangeOf(episode);
      const range = this.training[position];
      if (range === undefined) throw new RangeError(`no episode ${episode}`);
      windows.segment[index] = range.segment;
      windows.episode[index] = range.first + episode - (this.#offsets[position] ?? 0);
      windows.start[index] = Math.floor((draws[2 * index + 1] ?? 0) * this.#starts);
      windows.task[index] = range.task;
    }
    return windows;
  }

  #rangeOf(episode: number): number {
    let low = 0;
    let high = this.#offsets.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#offsets[middle] ?? 0) <= episode) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
