import type { DatasetFacts } from '../../shared/facts.ts';
import { type LibraryPaths } from '../files/library.ts';
import { datasetFacts, makeManifest, writeManifest, type ManifestSegment } from './manifest.ts';
import { removeSegments, segmentEpisodes, SegmentWriter, type EpisodeBlock } from './segment.ts';
import { columnWidth, type Source } from './segmentInfo.ts';

function slice(block: EpisodeBlock, task: number, episodeLength: number, first: number, end: number): EpisodeBlock {
  const part = (column: 'obs' | 'action' | 'reward'): Float32Array => {
    const episode = episodeLength * columnWidth(column, task);
    return block[column].subarray(first * episode, end * episode);
  };
  return { obs: part('obs'), action: part('action'), reward: part('reward') };
}

/**
 * Records episodes as a new dataset version: each task's episodes, in the order they come, in segments of
 * `segmentEpisodes`. Where blocks are cut makes no difference to the result. Until `finish` nothing counts; `abort`, or
 * leaving the scope of `await using`, removes what was written. Errors of all methods: DISK_FULL, FILE_UNWRITABLE.
 */
export class EpisodeWriter implements AsyncDisposable {
  readonly #paths: LibraryPaths;
  readonly #episodeLength: number;
  readonly #source: Source;
  readonly #open = new Map<number, SegmentWriter>();
  readonly #sealed: ManifestSegment[] = [];
  /** Sealed segments that were not in the library before. */
  readonly #added: string[] = [];
  #ended = false;

  constructor(paths: LibraryPaths, options: { episodeLength: number; source: Source }) {
    this.#paths = paths;
    this.#episodeLength = options.episodeLength;
    this.#source = options.source;
  }

  /** Appends whole episodes of a task, at the task's own dimensions; entry 0 of each has NaN action and reward. */
  async append(task: number, block: EpisodeBlock): Promise<void> {
    const episodes = block.reward.length / this.#episodeLength;
    for (let first = 0; first < episodes;) {
      const writer = this.#open.get(task) ?? (await this.#openSegment(task));
      const end = Math.min(episodes, first + segmentEpisodes - writer.episodes);
      await writer.append(slice(block, task, this.#episodeLength, first, end));
      if (writer.episodes === segmentEpisodes) await this.#seal(task, writer);
      first = end;
    }
  }

  /**
   * Seals what is open and writes the manifest. `existed`: the library held exactly these episodes already.
   * Errors: DATASET_INVALID where no episode was appended.
   */
  async finish(): Promise<{ facts: DatasetFacts; existed: boolean }> {
    for (const [task, writer] of this.#open) await this.#seal(task, writer);
    const manifest = makeManifest(this.#episodeLength, this.#sealed);
    const { sha256, existed } = await writeManifest(this.#paths, manifest);
    this.#ended = true;
    return { facts: await datasetFacts(this.#paths, sha256, this.#source), existed };
  }

  /** Removes everything that this writer wrote; does nothing after `finish`. */
  async abort(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    for (const writer of this.#open.values()) await writer.abort();
    await removeSegments(this.#paths, this.#added);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.abort();
  }

  async #openSegment(task: number): Promise<SegmentWriter> {
    const writer = await SegmentWriter.open(this.#paths, {
      task,
      episodeLength: this.#episodeLength,
      source: this.#source,
    });
    this.#open.set(task, writer);
    return writer;
  }

  async #seal(task: number, writer: SegmentWriter): Promise<void> {
    const { segment, existed } = await writer.seal();
    this.#open.delete(task);
    this.#sealed.push(segment);
    if (!existed) this.#added.push(segment.sha256);
  }
}
