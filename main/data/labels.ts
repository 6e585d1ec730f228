import { dirname } from 'node:path';
import { stat } from 'node:fs/promises';
import { DecantError } from '../../shared/errors.ts';
import { writeFileDurably } from '../files/durable.ts';
import { systemCodeOf } from '../files/failures.ts';
import { ensureFolder } from '../files/folders.ts';
import { InPlaceFile } from '../files/inPlace.ts';
import { labelFile, type LibraryPaths } from '../files/library.ts';
import { bytesOfData } from '../formats/dtypes.ts';
import { npyHeaderBytes, npyHeaderLength } from '../formats/npyHeader.ts';
import { FloatFile, OpenFiles } from './columns.ts';
import { type Dataset } from './dataset.ts';
import { RowBuffer, RowSet, type LabelRows } from './labelRows.ts';
import { type Windows } from './windows.ts';

/** One segment's column: float32 .npy [N, L] read and filled in place. */
class LabelFile {
  readonly reader: FloatFile;
  readonly writer: InPlaceFile;

  constructor(path: string, shape: readonly number[]) {
    this.reader = new FloatFile(path, shape);
    this.writer = new InPlaceFile(path);
  }

  close(): void {
    this.reader.close();
    this.writer.close();
  }
}

/** A float32 array of NaN as a .npy file, a piece at a time. */
function* unknownLabels(episodes: number, episodeLength: number): Generator<Uint8Array> {
  yield npyHeaderBytes('float32', [episodes, episodeLength]);
  const row = bytesOfData(new Float32Array(episodeLength).fill(NaN));
  for (let episode = 0; episode < episodes; episode++) yield row;
}

/**
 * A teacher's reward column beside a dataset, shared by all runs: row k of an episode holds R_teacher(obs[k-1], action[k]),
 * NaN where it was not computed yet. Keyed by the teacher's file and the segment, so that datasets that share segments share
 * labels. One writer at a time; readers of other threads and processes see what was written.
 * Errors of all methods: DATASET_VANISHED, HASH_MISMATCH, DISK_FULL, FILE_UNREADABLE.
 */
export class TeacherLabels {
  readonly dataset: Dataset;
  readonly teacher: string;
  readonly #paths: LibraryPaths;
  readonly #files: OpenFiles<LabelFile>;
  /** Rows whose label is known, loaded segment by segment when first asked about. */
  readonly #known: (RowSet | undefined)[];
  /** Segments written to since the last flush. */
  readonly #unsynced = new Set<number>();

  private constructor(paths: LibraryPaths, dataset: Dataset, teacher: string, created: ReadonlySet<number>) {
    this.#paths = paths;
    this.dataset = dataset;
    this.teacher = teacher;
    this.#files = new OpenFiles(128);
    // A column that was just made has nothing to be read.
    this.#known = dataset.segments.map(({ episodes }, index) =>
      created.has(index) ? new RowSet(episodes * dataset.episodeLength) : undefined,
    );
  }

  /** Opens the columns, creating those that are missing, filled with NaN. */
  static async open(paths: LibraryPaths, dataset: Dataset, teacher: string): Promise<TeacherLabels> {
    const created = new Set<number>();
    for (const [index, { sha256, episodes }] of dataset.segments.entries()) {
      const path = labelFile(paths, teacher, sha256);
      if (await exists(path)) continue;
      await ensureFolder(dirname(path));
      await writeFileDurably(path, unknownLabels(episodes, dataset.episodeLength));
      created.add(index);
    }
    return new TeacherLabels(paths, dataset, teacher, created);
  }

  /** The distinct rows of the windows that are not labelled yet. `steps` is the number of steps from each start. */
  missingFor(windows: Windows, steps: number): LabelRows {
    const rows = new RowBuffer();
    const seen = new Set<number>();
    const length = this.dataset.episodeLength;
    for (let index = 0; index < windows.count; index++) {
      const segment = windows.segment[index] ?? 0;
      const episode = windows.episode[index] ?? 0;
      const start = windows.start[index] ?? 0;
      for (let row = start + 1; row <= start + steps; row++) {
        const entry = episode * length + row;
        const key = segment * 2 ** 32 + entry;
        if (seen.has(key) || this.#knownRows(segment).has(entry)) continue;
        seen.add(key);
        rows.push(segment, episode, row);
      }
    }
    return rows;
  }

  isKnown(segment: number, episode: number, row: number): boolean {
    return this.#knownRows(segment).has(episode * this.dataset.episodeLength + row);
  }

  /** Writes the labels of rows. They are durable after `flush`. A value that is not finite is refused: DIVERGED. */
  write(rows: LabelRows, values: Float32Array): void {
    const one = new Float32Array(1);
    const bytes = bytesOfData(one);
    for (let index = 0; index < rows.count; index++) {
      const segment = rows.segment[index] ?? 0;
      const entry = (rows.episode[index] ?? 0) * this.dataset.episodeLength + (rows.row[index] ?? 0);
      const value = values[index] ?? NaN;
      if (!Number.isFinite(value))
        throw new DecantError(
          'DIVERGED',
          `the teacher predicts a reward of ${value} for entry ${entry} of segment ${segment}`,
        );
      one[0] = value;
      this.#file(segment).writer.write(npyHeaderLength + entry * one.BYTES_PER_ELEMENT, bytes);
      this.#knownRows(segment).add(entry);
      this.#unsynced.add(segment);
    }
  }

  /** Waits until everything written is on the disk. */
  flush(): void {
    for (const segment of this.#unsynced) this.#file(segment).writer.sync();
    this.#unsynced.clear();
  }

  /** Labels of the windows' first `steps` steps, float32 [steps, B, 1]. Errors: INTERNAL where one is missing. */
  read(windows: Windows, steps: number): Float32Array<ArrayBuffer> {
    const labels = new Float32Array(steps * windows.count);
    const scratch = new Float32Array(steps);
    for (let index = 0; index < windows.count; index++) {
      const segment = windows.segment[index] ?? 0;
      const entry = (windows.episode[index] ?? 0) * this.dataset.episodeLength + (windows.start[index] ?? 0) + 1;
      this.#file(segment).reader.readInto(scratch, entry);
      for (const [step, label] of scratch.entries()) {
        if (Number.isNaN(label))
          throw new DecantError('INTERNAL', `entry ${entry + step} of segment ${segment} has no teacher label yet`);
        labels[step * windows.count + index] = label;
      }
    }
    return labels;
  }

  /** Rows labelled, of all that could be (every entry but the first of each episode). Reads columns not met yet. */
  coverage(): { done: number; total: number } {
    let done = 0;
    for (const index of this.dataset.segments.keys()) done += this.#knownRows(index).size;
    return { done, total: this.dataset.episodes * (this.dataset.episodeLength - 1) };
  }

  /** Closes the files; labels since the last `flush` are left to the operating system. */
  close(): void {
    this.#files.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #shape(segment: number): number[] {
    return [this.dataset.segments[segment]?.episodes ?? 0, this.dataset.episodeLength];
  }

  #file(segment: number): LabelFile {
    return this.#files.get(segment, () => {
      const path = labelFile(this.#paths, this.teacher, this.dataset.segments[segment]?.sha256 ?? '');
      return new LabelFile(path, this.#shape(segment));
    });
  }

  #knownRows(segment: number): RowSet {
    const known = this.#known[segment];
    if (known !== undefined) return known;
    const [episodes = 0, length = 0] = this.#shape(segment);
    const loaded = new RowSet(episodes * length);
    const column = new Float32Array(length);
    for (let episode = 0; episode < episodes; episode++) {
      this.#file(segment).reader.readInto(column, episode * length);
      for (let row = 1; row < length; row++) if (!Number.isNaN(column[row])) loaded.add(episode * length + row);
    }
    this.#known[segment] = loaded;
    return loaded;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (thrown: unknown) => {
      if (systemCodeOf(thrown) === 'ENOENT') return false;
      throw thrown;
    },
  );
}
