import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DecantError } from '../../shared/errors.ts';
import type { DatasetFacts } from '../../shared/facts.ts';
import { type TensorData } from '../../shared/tensor.ts';
import { explainReadFailure } from '../files/failures.ts';
import { type LibraryPaths } from '../files/library.ts';
import { chunkFields, openChunk, type ChunkField, type ChunkSource } from './chunkSource.ts';
import { checkedEpisodes } from './episodeChecks.ts';
import { EpisodeWriter } from './episodeWriter.ts';

/** Episodes that are in memory at once: 16 MB of MT30. */
const blockEpisodes = 256;

export interface ImportOptions {
  /** Episodes done, of all. */
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/** A file itself, or the .pt and .safetensors files of a folder by name. Errors: FILE_UNREADABLE, FORMAT_UNKNOWN. */
async function chunkPaths(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = (await readdir(path)).filter((name) => /\.(pt|safetensors)$/i.test(name)).sort();
    if (names.length === 0) throw new DecantError('FORMAT_UNKNOWN', `${path} holds no .pt or .safetensors file`);
    return names.map((name) => join(path, name));
  } catch (thrown) {
    throw explainReadFailure(thrown, path);
  }
}

/** Opens each chunk for its shapes alone. Errors: those of `openChunk`; DATASET_MIXED_LENGTHS. */
async function measure(files: readonly string[]): Promise<{ episodeLength: number; total: number }> {
  let first: { path: string; episodeLength: number } | undefined;
  let total = 0;
  for (const file of files) {
    await using chunk = await openChunk(file);
    first ??= { path: file, episodeLength: chunk.episodeLength };
    if (chunk.episodeLength !== first.episodeLength)
      throw new DecantError(
        'DATASET_MIXED_LENGTHS',
        `the episodes of ${first.path} have ${first.episodeLength} entries, those of ${file} ${chunk.episodeLength}`,
      );
    total += chunk.episodes;
  }
  if (first === undefined) throw new DecantError('DATASET_INVALID', 'there is nothing to import');
  return { episodeLength: first.episodeLength, total };
}

async function readBlock(chunk: ChunkSource, start: number, count: number): Promise<Record<ChunkField, TensorData>> {
  const [obs, action, reward, task] = await Promise.all(
    chunkFields.map((field) => chunk.readRows(field, start, count)),
  );
  if (obs === undefined || action === undefined || reward === undefined || task === undefined)
    throw new Error('a chunk has four fields');
  return { obs, action, reward, task };
}

/**
 * Imports official chunks (files or folders of them) as one dataset: streamed, checked episode by episode, grouped by task
 * into segments. The same episodes in the same order give the same version whatever the layout of the files; `existed`
 * tells that the library had it. After an error or an abort nothing of it remains.
 * Errors: those of `openChunk`; DATASET_INVALID, DATASET_NAN, DATASET_MIXED_LENGTHS, ZIP_INVALID, DISK_FULL; the signal's
 * reason.
 */
export async function importDataset(
  paths: LibraryPaths,
  sources: readonly string[],
  options: ImportOptions = {},
): Promise<{ facts: DatasetFacts; existed: boolean }> {
  const files = (await Promise.all(sources.map(chunkPaths))).flat();
  const { episodeLength, total } = await measure(files);
  const description = files.map((file) => basename(file)).join(', ');
  await using writer = new EpisodeWriter(paths, { episodeLength, source: { source: 'import', description } });
  let done = 0;
  for (const file of files) {
    await using chunk = await openChunk(file);
    for (let start = 0; start < chunk.episodes; start += blockEpisodes) {
      const count = Math.min(blockEpisodes, chunk.episodes - start);
      const block = await readBlock(chunk, start, count);
      for (const run of checkedEpisodes(block, { file, firstEpisode: start, episodes: count, episodeLength })) {
        options.signal?.throwIfAborted();
        await writer.append(run.task, run.block);
      }
      done += count;
      options.onProgress?.(done, total);
    }
    await chunk.verify();
  }
  options.signal?.throwIfAborted();
  return await writer.finish();
}
