import { stat } from 'node:fs/promises';
import { DecantError } from '../../shared/errors.ts';
import { explainReadFailure, systemCodeOf } from '../files/failures.ts';
import { sha256OfFile } from '../files/hash.ts';
import { type LibraryPaths } from '../files/library.ts';
import { ColumnFile, OpenFiles } from './columns.ts';
import { loadManifest, manifestSegment, type Manifest, type ManifestSegment } from './manifest.ts';
import {
  columnFile,
  columnNames,
  columnWidth,
  readSegmentInfo,
  type ColumnName,
  type SegmentInfo,
} from './segmentInfo.ts';

interface OpenSegment extends ManifestSegment {
  info: SegmentInfo;
}

/** The size of a file of the library. Errors: DATASET_VANISHED, FILE_UNREADABLE. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT' || systemCodeOf(thrown) === 'ENOTDIR')
      throw new DecantError('DATASET_VANISHED', `${path} is not there`, { cause: thrown });
    throw explainReadFailure(thrown, path);
  }
}

function changed(path: string, what: string): DecantError {
  return new DecantError('HASH_MISMATCH', `${path} ${what}`);
}

/** Reads each segment's description and checks that its columns are there with their size. */
async function openSegments(paths: LibraryPaths, manifest: Manifest): Promise<OpenSegment[]> {
  const segments: OpenSegment[] = [];
  for (const segment of manifest.segments) {
    const info = await readSegmentInfo(paths, segment.sha256);
    const listed = manifestSegment(segment.sha256, info);
    if (
      listed.task !== segment.task ||
      listed.episodes !== segment.episodes ||
      info.episodeLength !== manifest.episodeLength
    )
      throw changed(segment.sha256, 'is not what the manifest says of it');
    for (const column of columnNames) {
      const path = columnFile(paths, segment.sha256, column);
      const size = await sizeOf(path);
      if (size !== info.columns[column].bytes)
        throw changed(path, `has ${size} bytes where ${info.columns[column].bytes} were written`);
    }
    segments.push({ ...segment, info });
  }
  return segments;
}

/**
 * A dataset version, opened for reading at any entry. Memory does not depend on its size: values stay in files, of which a
 * bounded number is open.
 */
export class Dataset {
  readonly paths: LibraryPaths;
  readonly sha256: string;
  readonly manifest: Manifest;
  readonly episodeLength: number;
  readonly segments: readonly Readonly<OpenSegment>[];
  readonly #files: OpenFiles<ColumnFile>;

  private constructor(
    paths: LibraryPaths,
    sha256: string,
    manifest: Manifest,
    segments: OpenSegment[],
    openFiles: number,
  ) {
    this.paths = paths;
    this.sha256 = sha256;
    this.manifest = manifest;
    this.episodeLength = manifest.episodeLength;
    this.segments = segments;
    this.#files = new OpenFiles(openFiles);
  }

  /** Errors: DATASET_VANISHED naming the file, HASH_MISMATCH (size or description changed), FILE_UNREADABLE. */
  static async open(paths: LibraryPaths, manifestSha256: string, openFiles = 384): Promise<Dataset> {
    const manifest = await loadManifest(paths, manifestSha256);
    return new Dataset(paths, manifestSha256, manifest, await openSegments(paths, manifest), openFiles);
  }

  get episodes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.episodes, 0);
  }

  taskOf(segment: number): number {
    return this.#segment(segment).task;
  }

  /**
   * Fills `target` (float32, whole entries at the task's own width) from entry `episode x L + k` of a segment's column on.
   * Errors: DATASET_VANISHED, HASH_MISMATCH, FILE_UNREADABLE.
   */
  readEntries(segment: number, column: ColumnName, entry: number, target: Float32Array): void {
    const { sha256, info } = this.#segment(segment);
    const key = segment * columnNames.length + columnNames.indexOf(column);
    const file = this.#files.get(key, () => new ColumnFile(columnFile(this.paths, sha256, column), info, column));
    file.readInto(target, entry * columnWidth(column, info.task));
  }

  #segment(index: number): Readonly<OpenSegment> {
    const segment = this.segments[index];
    if (segment === undefined) throw new RangeError(`the dataset has no segment ${index}`);
    return segment;
  }

  close(): void {
    this.#files.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Hashes every column again; returns the number of files. Errors: DATASET_VANISHED, HASH_MISMATCH naming the file,
 * FILE_UNREADABLE.
 */
export async function verifyDataset(
  paths: LibraryPaths,
  manifestSha256: string,
  signal?: AbortSignal,
): Promise<number> {
  const manifest = await loadManifest(paths, manifestSha256);
  let files = 1;
  for (const { sha256, info } of await openSegments(paths, manifest)) {
    files += 1;
    for (const column of columnNames) {
      signal?.throwIfAborted();
      const path = columnFile(paths, sha256, column);
      const found = await sha256OfFile(path);
      if (found.sha256 !== info.columns[column].sha256)
        throw changed(path, 'has other content than when it was written');
      files += 1;
    }
  }
  return files;
}
