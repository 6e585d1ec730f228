import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import type { Report } from '../report.ts';

export const numbers = z.array(z.number());

export interface NamedFile {
  /** Without `.json`. */
  readonly name: string;
  readonly path: string;
}

/** The .json files of a folder, in order of their names; none where the folder is absent. */
export async function jsonFiles(folder: string): Promise<NamedFile[]> {
  const entries = await readdir(folder).catch((thrown: unknown) => {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return [];
    throw thrown;
  });
  return entries
    .filter((entry) => entry.endsWith('.json'))
    .sort()
    .map((entry) => ({ name: basename(entry, '.json'), path: join(folder, entry) }));
}

/** The content of a file as `schema` describes it; undefined, and a failed check, where it is not so. */
export async function readChecked<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  group: string,
  report: Report,
): Promise<z.output<Schema> | undefined> {
  try {
    const content: unknown = JSON.parse(await readFile(path, 'utf8'));
    const parsed = schema.safeParse(content);
    if (parsed.success) return parsed.data;
    report.fail(group, z.prettifyError(parsed.error).replaceAll('\n', ' '));
  } catch (thrown) {
    report.fail(group, thrown instanceof Error ? thrown.message : String(thrown));
  }
  return undefined;
}

/** Largest absolute difference; infinite for different lengths, NaN where either side has one. */
export function largestDifference(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  if (ours.length !== theirs.length) return Infinity;
  return Array.from(ours).reduce((largest, entry, index) => {
    const other = theirs[index] ?? NaN;
    return Math.max(largest, entry === other ? 0 : Math.abs(entry - other));
  }, 0);
}
