import { z } from 'zod';
import { DecantError } from '../../shared/errors.ts';
import type { DatasetFacts } from '../../shared/facts.ts';
import { taskByIndex, taskCount } from '../../shared/tasks.ts';
import { writeByContent } from '../files/durable.ts';
import { ensureFolder } from '../files/folders.ts';
import { sha256OfBytes } from '../files/hash.ts';
import { manifestFile, type LibraryPaths } from '../files/library.ts';
import {
  columnNames,
  parseLibraryJson,
  readLibraryText,
  readSegmentInfo,
  sha256Schema,
  type SegmentInfo,
  type Source,
} from './segmentInfo.ts';

const manifestSegmentSchema = z.strictObject({
  sha256: sha256Schema,
  task: z
    .int()
    .nonnegative()
    .max(taskCount - 1),
  episodes: z.int().positive(),
  bytes: z.int().positive(),
});
export type ManifestSegment = z.infer<typeof manifestSegmentSchema>;

/** A dataset version: nothing but content, so that the same episodes have the same manifest wherever they came from. */
export const manifestSchema = z.strictObject({
  formatVersion: z.literal(1),
  episodeLength: z.int().min(2),
  /** By task, then in the order of recording: an episode's number is its position. */
  segments: z.array(manifestSegmentSchema).min(1),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** A segment as manifests list it. `bytes` counts its columns. */
export function manifestSegment(sha256: string, info: SegmentInfo): ManifestSegment {
  const bytes = columnNames.reduce((sum, name) => sum + info.columns[name].bytes, 0);
  return { sha256, task: info.task, episodes: info.episodes, bytes };
}

/** Orders by task, keeps the order within a task, drops a segment's second mention. Errors: DATASET_INVALID (no segment). */
export function makeManifest(episodeLength: number, segments: readonly ManifestSegment[]): Manifest {
  const unique = [...new Map(segments.map((segment) => [segment.sha256, segment])).values()];
  if (unique.length === 0) throw new DecantError('DATASET_INVALID', 'there is no episode in it');
  return { formatVersion: 1, episodeLength, segments: unique.sort((a, b) => a.task - b.task) };
}

/** All episodes of several versions. Errors: DATASET_MIXED_LENGTHS, DATASET_INVALID. */
export function joinManifests(manifests: readonly Manifest[]): Manifest {
  const lengths = [...new Set(manifests.map((manifest) => manifest.episodeLength))];
  const [length] = lengths;
  if (length === undefined) throw new DecantError('DATASET_INVALID', 'there is nothing to join');
  if (lengths.length > 1)
    throw new DecantError('DATASET_MIXED_LENGTHS', `the datasets have episodes of ${lengths.join(' and ')} entries`);
  return makeManifest(
    length,
    manifests.flatMap((manifest) => manifest.segments),
  );
}

/** The episodes of some tasks. Errors: DATASET_INVALID where none is left. */
export function subsetManifest(manifest: Manifest, tasks: readonly number[]): Manifest {
  return makeManifest(
    manifest.episodeLength,
    manifest.segments.filter((segment) => tasks.includes(segment.task)),
  );
}

function manifestBytes(manifest: Manifest): Uint8Array {
  const segments = manifest.segments.map(({ sha256, task, episodes, bytes }) => ({ sha256, task, episodes, bytes }));
  const { formatVersion, episodeLength } = manifest;
  return new TextEncoder().encode(`${JSON.stringify({ formatVersion, episodeLength, segments }, undefined, 1)}\n`);
}

/** Writes a version durably, named by its hash; `existed`: the library had this content already. */
export async function writeManifest(
  paths: LibraryPaths,
  manifest: Manifest,
): Promise<{ sha256: string; existed: boolean }> {
  await ensureFolder(paths.manifests);
  const { sha256, existed } = await writeByContent(paths.manifests, (name) => `${name}.json`, manifestBytes(manifest));
  return { sha256, existed };
}

/** Errors: DATASET_VANISHED, FILE_UNREADABLE, HASH_MISMATCH. */
export async function loadManifest(paths: LibraryPaths, sha256: string): Promise<Manifest> {
  const path = manifestFile(paths, sha256);
  const text = await readLibraryText(path);
  if (sha256OfBytes(new TextEncoder().encode(text)) !== sha256)
    throw new DecantError('HASH_MISMATCH', `${path} has other content than its name says`);
  return parseLibraryJson(manifestSchema, text, path);
}

const histogramBins = 20;
const largestReturn = 1000;

function returnHistogram(returns: readonly number[]): number[] {
  const histogram = new Array<number>(histogramBins).fill(0);
  for (const value of returns) {
    const bin = Math.floor((value / largestReturn) * histogramBins);
    const index = Math.min(histogramBins - 1, Math.max(0, bin));
    histogram[index] = (histogram[index] ?? 0) + 1;
  }
  return histogram;
}

/** What the library shows of a version; reads each segment's `segment.json`. Errors as `loadManifest`. */
export async function datasetFacts(paths: LibraryPaths, sha256: string, lineage: Source): Promise<DatasetFacts> {
  const manifest = await loadManifest(paths, sha256);
  const returnsOfTask = new Map<number, number[][]>();
  for (const segment of manifest.segments) {
    const info = await readSegmentInfo(paths, segment.sha256);
    returnsOfTask.set(segment.task, [...(returnsOfTask.get(segment.task) ?? []), info.returns]);
  }
  const episodes = manifest.segments.reduce((sum, segment) => sum + segment.episodes, 0);
  return {
    manifest: sha256,
    episodes,
    transitions: episodes * (manifest.episodeLength - 1),
    episodeLength: manifest.episodeLength,
    bytes: manifest.segments.reduce((sum, segment) => sum + segment.bytes, 0),
    tasks: [...returnsOfTask].map(([task, lists]) => {
      const returns = lists.flat();
      return {
        task,
        name: taskByIndex(task).name,
        episodes: returns.length,
        segments: lists.length,
        returns: {
          min: returns.reduce((least, value) => Math.min(least, value), Infinity),
          mean: returns.reduce((sum, value) => sum + value, 0) / returns.length,
          max: returns.reduce((most, value) => Math.max(most, value), -Infinity),
          histogram: returnHistogram(returns),
        },
      };
    }),
    lineage,
  };
}
