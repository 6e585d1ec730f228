import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DecantError } from '../../shared/errors.ts';
import { taskByIndex, taskCount } from '../../shared/tasks.ts';
import { explainReadFailure, systemCodeOf } from '../files/failures.ts';
import { sha256OfBytes } from '../files/hash.ts';
import { segmentFolder, type LibraryPaths } from '../files/library.ts';

export const columnNames = ['obs', 'action', 'reward'] as const;
export type ColumnName = (typeof columnNames)[number];

export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);
const columnSchema = z.strictObject({ sha256: sha256Schema, bytes: z.int().positive() });

const sourceSchema = z.strictObject({ source: z.enum(['import', 'collect']), description: z.string() });
export type Source = z.infer<typeof sourceSchema>;

/** What `segment.json` says of the columns beside it. */
const segmentInfoSchema = z.strictObject({
  formatVersion: z.literal(1),
  /** Index in MT30. */
  task: z
    .int()
    .nonnegative()
    .max(taskCount - 1),
  episodes: z.int().positive(),
  /** Entries of each episode, the reset's included. */
  episodeLength: z.int().min(2),
  columns: z.strictObject({ obs: columnSchema, action: columnSchema, reward: columnSchema }),
  /** Sum of the rewards of each episode. */
  returns: z.array(z.number()),
  /** Where it came from first: the same content met again elsewhere is the same segment. */
  source: sourceSchema,
});
export type SegmentInfo = z.infer<typeof segmentInfoSchema>;

/** Elements of one entry of a column, at the task's own dimensions. */
export function columnWidth(column: ColumnName, task: number): number {
  if (column === 'reward') return 1;
  const { observationDim, actionDim } = taskByIndex(task);
  return column === 'obs' ? observationDim : actionDim;
}

/** [N, L, width], and [N, L] for the reward. */
export function columnShape(
  column: ColumnName,
  info: Pick<SegmentInfo, 'task' | 'episodes' | 'episodeLength'>,
): number[] {
  const entries = [info.episodes, info.episodeLength];
  return column === 'reward' ? entries : [...entries, columnWidth(column, info.task)];
}

/** A segment's name: the hash of what it contains, without where that came from. */
export function segmentName(info: Pick<SegmentInfo, 'task' | 'episodes' | 'episodeLength' | 'columns'>): string {
  const { task, episodes, episodeLength, columns } = info;
  const content = [task, episodes, episodeLength, ...columnNames.map((name) => columns[name].sha256)].join('\n');
  return sha256OfBytes(new TextEncoder().encode(content));
}

/** Where a segment's column lies. */
export function columnFile(paths: LibraryPaths, segment: string, column: ColumnName): string {
  return join(segmentFolder(paths, segment), `${column}.npy`);
}

/** Where a segment folder describes itself. */
export function segmentInfoFile(folder: string): string {
  return join(folder, 'segment.json');
}

/** A file of the library as text. Errors: DATASET_VANISHED where it is gone, FILE_UNREADABLE. */
export async function readLibraryText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT' || systemCodeOf(thrown) === 'ENOTDIR')
      throw new DecantError('DATASET_VANISHED', `${path} is not there`, { cause: thrown });
    throw explainReadFailure(thrown, path);
  }
}

/** Parses JSON of the library by a schema. Errors: HASH_MISMATCH where it does not fit. */
export function parseLibraryJson<Schema extends z.ZodType>(
  schema: Schema,
  text: string,
  path: string,
): z.output<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    throw new DecantError('HASH_MISMATCH', `${path} is not JSON`, { cause: thrown });
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new DecantError('HASH_MISMATCH', `${path}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** Errors: DATASET_VANISHED, FILE_UNREADABLE, HASH_MISMATCH (not what the name says). */
export async function readSegmentInfo(paths: LibraryPaths, segment: string): Promise<SegmentInfo> {
  const path = segmentInfoFile(segmentFolder(paths, segment));
  const info = parseLibraryJson(segmentInfoSchema, await readLibraryText(path), path);
  if (segmentName(info) !== segment || info.returns.length !== info.episodes)
    throw new DecantError('HASH_MISMATCH', `${path} describes another segment than its folder's name`);
  return info;
}
