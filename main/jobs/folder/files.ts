import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { decode, encode } from '../../../shared/codec.ts';
import { DecantError } from '../../../shared/errors.ts';
import { jobFileSchema, startFileSchema, type JobFile, type StartFile } from '../../../shared/jobFolder.ts';
import { writeFileDurably } from '../../files/durable.ts';
import { ensureFolder } from '../../files/folders.ts';
import type { JobPaths } from './layout.ts';

/** Creates the job's folder with its job.json. Errors: DISK_FULL, FILE_UNWRITABLE. */
export async function writeJobFile(paths: JobPaths, job: JobFile): Promise<void> {
  await ensureFolder(paths.folder);
  await write(paths.job, jobFileSchema.parse(job));
}

/** Errors: FILE_UNREADABLE. */
export function readJobFile(paths: JobPaths): Promise<JobFile> {
  return read(paths.job, jobFileSchema);
}

/** Replaces start.json before an attempt. Errors: DISK_FULL, FILE_UNWRITABLE. */
export async function writeStartFile(paths: JobPaths, start: StartFile): Promise<void> {
  await write(paths.start, startFileSchema.parse(start));
}

/** Errors: FILE_UNREADABLE. */
export function readStartFile(paths: JobPaths): Promise<StartFile> {
  return read(paths.start, startFileSchema);
}

const claimSchema = z.object({ pid: z.int().positive(), started: z.string().nullable() });
export type Claim = z.infer<typeof claimSchema>;

export async function writeClaim(paths: JobPaths, claim: Claim): Promise<void> {
  await write(paths.claim, claim);
}

/** Undefined when no engine ever wrote here. */
export async function readClaim(paths: JobPaths): Promise<Claim | undefined> {
  try {
    return await read(paths.claim, claimSchema);
  } catch {
    return undefined;
  }
}

async function write(path: string, value: unknown): Promise<void> {
  await writeFileDurably(path, new TextEncoder().encode(`${encode(value)}\n`));
}

async function read<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema>> {
  let content: unknown;
  try {
    content = decode(await readFile(path, 'utf8'));
  } catch (thrown) {
    throw new DecantError('FILE_UNREADABLE', `${path} cannot be read`, { cause: thrown });
  }
  const parsed = schema.safeParse(content);
  if (!parsed.success)
    throw new DecantError(
      'FILE_UNREADABLE',
      `${path} does not hold what belongs there: ${z.prettifyError(parsed.error)}`,
    );
  return parsed.data;
}
