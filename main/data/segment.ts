import { mkdir, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { writeFileDurably } from '../files/durable.ts';
import { explainWriteFailure, systemCodeOf } from '../files/failures.ts';
import { claimTemporary, ensureFolder, forgetTemporary, moveDurably, removeFolder } from '../files/folders.ts';
import { segmentFolder, type LibraryPaths } from '../files/library.ts';
import { NpyWriter } from '../formats/npy.ts';
import { loadManifest, manifestSegment, type ManifestSegment } from './manifest.ts';
import {
  columnFile,
  columnNames,
  columnShape,
  columnWidth,
  readSegmentInfo,
  segmentInfoFile,
  segmentName,
  type ColumnName,
  type SegmentInfo,
  type Source,
} from './segmentInfo.ts';

/** Episodes after which a segment is sealed. */
export const segmentEpisodes = 1000;

/** Whole episodes of one task at its own dimensions, episode-major. Entry 0's action and reward are NaN. */
export interface EpisodeBlock {
  /** float32 [n, L, observationDim]. */
  readonly obs: Float32Array;
  /** float32 [n, L, actionDim]. */
  readonly action: Float32Array;
  /** float32 [n, L]. */
  readonly reward: Float32Array;
}

/** Sums of the rewards of entries 1 to L-1, in float64. */
function episodeReturns(reward: Float32Array, episodeLength: number): number[] {
  const returns: number[] = [];
  for (let first = 0; first < reward.length; first += episodeLength)
    returns.push(reward.subarray(first + 1, first + episodeLength).reduce((sum, value) => sum + value, 0));
  return returns;
}

/**
 * A segment being recorded: a temporary folder whose columns grow on the disk. It gets its name, made from its content, when
 * it is sealed; a failure or `abort` removes it. Errors of all methods: DISK_FULL, FILE_UNWRITABLE.
 */
export class SegmentWriter {
  readonly task: number;
  readonly episodeLength: number;
  readonly #paths: LibraryPaths;
  readonly #folder: string;
  readonly #columns: Record<ColumnName, NpyWriter>;
  readonly #source: Source;
  readonly #returns: number[] = [];
  #ended = false;

  private constructor(
    paths: LibraryPaths,
    folder: string,
    columns: Record<ColumnName, NpyWriter>,
    content: { task: number; episodeLength: number; source: Source },
  ) {
    this.#paths = paths;
    this.#folder = folder;
    this.#columns = columns;
    this.task = content.task;
    this.episodeLength = content.episodeLength;
    this.#source = content.source;
  }

  static async open(
    paths: LibraryPaths,
    content: { task: number; episodeLength: number; source: Source },
  ): Promise<SegmentWriter> {
    await ensureFolder(paths.segments);
    const folder = claimTemporary(paths.segments);
    try {
      await mkdir(folder);
      const open = (column: ColumnName): Promise<NpyWriter> =>
        NpyWriter.open(folder, 'float32', columnShape(column, { ...content, episodes: 0 }).slice(1));
      const columns = { obs: await open('obs'), action: await open('action'), reward: await open('reward') };
      return new SegmentWriter(paths, folder, columns, content);
    } catch (thrown) {
      await removeFolder(folder);
      forgetTemporary(folder);
      throw explainWriteFailure(thrown, folder);
    }
  }

  get episodes(): number {
    return this.#returns.length;
  }

  async append(block: EpisodeBlock): Promise<void> {
    const returns = episodeReturns(block.reward, this.episodeLength);
    for (const column of columnNames) {
      const expected = returns.length * this.episodeLength * columnWidth(column, this.task);
      if (block[column].length !== expected)
        throw new RangeError(`${column} has ${block[column].length} values where ${expected} make whole episodes`);
    }
    for (const column of columnNames) await this.#columns[column].write(block[column]);
    this.#returns.push(...returns);
  }

  /** Makes the segment immutable under its name. `existed`: the library had the same content, which stays. */
  async seal(): Promise<{ segment: ManifestSegment; existed: boolean }> {
    try {
      const finish = async (column: ColumnName): Promise<SegmentInfo['columns'][ColumnName]> => {
        const { sha256, bytes } = await this.#columns[column].finish(`${column}.npy`);
        return { sha256, bytes };
      };
      const info: SegmentInfo = {
        formatVersion: 1,
        task: this.task,
        episodes: this.episodes,
        episodeLength: this.episodeLength,
        columns: { obs: await finish('obs'), action: await finish('action'), reward: await finish('reward') },
        returns: this.#returns,
        source: this.#source,
      };
      const json = new TextEncoder().encode(`${JSON.stringify(info, undefined, 1)}\n`);
      await writeFileDurably(segmentInfoFile(this.#folder), json);
      const name = segmentName(info);
      const existed = await hasSegment(this.#paths, name);
      if (existed) await removeFolder(this.#folder);
      else {
        // What lies there under the name can only be damaged: it gives way.
        await removeFolder(segmentFolder(this.#paths, name));
        await moveDurably(this.#folder, segmentFolder(this.#paths, name));
      }
      this.#ended = true;
      forgetTemporary(this.#folder);
      return { segment: manifestSegment(name, info), existed };
    } finally {
      await this.abort();
    }
  }

  /** Gives the segment up; does nothing after `seal`. */
  async abort(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    for (const column of columnNames) await this.#columns[column].abort();
    await removeFolder(this.#folder);
    forgetTemporary(this.#folder);
  }
}

/** Whether the library holds a segment with all its columns in their sizes. */
async function hasSegment(paths: LibraryPaths, name: string): Promise<boolean> {
  try {
    const info = await readSegmentInfo(paths, name);
    for (const column of columnNames)
      if ((await stat(columnFile(paths, name, column))).size !== info.columns[column].bytes) return false;
    return true;
  } catch {
    return false;
  }
}

/** Removes segments by name, e.g. those that a failed import had sealed. */
export async function removeSegments(paths: LibraryPaths, names: readonly string[]): Promise<void> {
  for (const name of names) await removeFolder(segmentFolder(paths, name));
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return [];
    throw thrown;
  }
}

/**
 * Removes what killed imports and collections left: temporary folders, and segments that no manifest lists. Only for a
 * moment when nothing is being imported, collected or deleted. Returns the names removed.
 */
export async function removeUnreferencedSegments(paths: LibraryPaths): Promise<string[]> {
  const referenced = new Set<string>();
  for (const name of await namesIn(paths.manifests)) {
    if (!/^[0-9a-f]{64}\.json$/.test(name)) continue;
    const manifest = await loadManifest(paths, basename(name, '.json'));
    for (const segment of manifest.segments) referenced.add(segment.sha256);
  }
  const stale = (await namesIn(paths.segments)).filter((name) => !referenced.has(name));
  for (const name of stale) await removeFolder(join(paths.segments, name));
  return stale;
}
