import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { bundleEntries, bundleSchema, checkpointEntry, type Bundle, type BundledRun } from '../../../shared/bundle.ts';
import { decode } from '../../../shared/codec.ts';
import { DecantError } from '../../../shared/errors.ts';
import { jobFileSchema, type JobFile } from '../../../shared/jobFolder.ts';
import { openStoredCheckpoint } from '../../data/checkpoints/stored.ts';
import { writeByContent, writeFileDurably } from '../../files/durable.ts';
import { ensureFolder, moveDurably, removeFolder } from '../../files/folders.ts';
import { checkpointFile, jobFolder, type LibraryPaths } from '../../files/library.ts';
import { RandomAccessFile } from '../../files/reading.ts';
import { openZip, type ZipArchive, type ZipEntry } from '../../formats/zip.ts';
import { writeJobFile } from '../../jobs/folder/files.ts';
import { jobPaths } from '../../jobs/folder/layout.ts';
import { type Session } from '../session.ts';
import { checkTravellingSpool } from './travellingSpool.ts';

const largestText = 1 << 26;
const pieceBytes = 1 << 22;

/**
 * Takes the run of a bundle into the library's folders. Everything is checked before anything is written, then built in the import's own
 * folder and moved from there whole. `known`: runs that are not taken again. The caller records the run.
 * Errors: BUNDLE_INVALID, ZIP_INVALID, FILE_TRUNCATED, DISK_FULL.
 */
export async function importBundle(
  session: Session,
  path: string,
  known: ReadonlySet<string>,
): Promise<{ run: BundledRun; existed: boolean }> {
  await using file = new RandomAccessFile(path);
  const archive = await openZip(file);
  const bundle = await readDescription(archive);
  const { run } = bundle;
  const sizes = bundle.entries.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  for (const described of bundle.entries) {
    await checkHash(archive, entryOf(archive, described.name), described.sha256, session.signal);
    done += described.bytes;
    await session.progress('checking', done, sizes, 'bytes');
  }
  const job = await readJob(archive, run);
  const spool = await archive.read(entryOf(archive, bundleEntries.spool));
  checkTravellingSpool(spool, path);
  if (known.has(run.id)) return { run, existed: true };

  const staging = join(session.folder.folder, 'bundle');
  await removeFolder(staging);
  try {
    const staged = { ...session.paths, checkpoints: join(staging, 'checkpoints') };
    await ensureFolder(staged.checkpoints);
    for (const { facts } of run.checkpoints) {
      await writeByContent(
        staged.checkpoints,
        (sha256) => `${sha256}.safetensors`,
        pieces(archive, entryOf(archive, checkpointEntry(facts.sha256)), session.signal),
      );
      await checkCheckpoint(staged, facts, path);
    }
    const folder = jobPaths(join(staging, 'run'));
    // What it goes on with is what it shows.
    const { configuration, codeVersion } = run;
    await writeJobFile(folder, { ...job, configuration, codeVersion });
    await writeFileDurably(folder.spool, spool);
    await settle(session.paths, staged, run, folder.folder);
  } finally {
    await removeFolder(staging);
  }
  return { run, existed: false };
}

/** A crash between two of these steps leaves files that nothing names: the same import replaces or keeps them. */
async function settle(paths: LibraryPaths, staged: LibraryPaths, run: BundledRun, folder: string): Promise<void> {
  await ensureFolder(paths.checkpoints);
  for (const sha256 of new Set(run.checkpoints.map(({ facts }) => facts.sha256))) {
    const target = checkpointFile(paths, sha256);
    if (!existsSync(target)) await moveDurably(checkpointFile(staged, sha256), target);
  }
  await removeFolder(jobFolder(paths, run.id));
  await moveDurably(folder, jobFolder(paths, run.id));
}

function invalid(path: string, detail: string, cause?: unknown): DecantError {
  return new DecantError('BUNDLE_INVALID', `${path}: ${detail}`, { cause });
}

function entryOf(archive: ZipArchive, name: string): ZipEntry {
  const entry = archive.entries.get(name);
  if (entry === undefined) throw invalid(archive.file.path, `it has no "${name}"`);
  if (!entry.stored) throw invalid(archive.file.path, `"${name}" is compressed, which no bundle is`);
  return entry;
}

async function readText(archive: ZipArchive, name: string): Promise<unknown> {
  const entry = entryOf(archive, name);
  if (entry.size > largestText) throw invalid(archive.file.path, `"${name}" declares ${entry.size} bytes`);
  const bytes = await archive.read(entry);
  try {
    return decode(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (thrown) {
    throw invalid(archive.file.path, `"${name}" cannot be read`, thrown);
  }
}

async function readDescription(archive: ZipArchive): Promise<Bundle> {
  const { path } = archive.file;
  const content = await readText(archive, bundleEntries.description);
  const version = z.object({ formatVersion: z.int() }).safeParse(content).data?.formatVersion;
  if (version !== undefined && version > 1)
    throw invalid(path, `it is of format ${version}; this version of Decant reads format 1`);
  const parsed = bundleSchema.safeParse(content);
  if (!parsed.success) throw invalid(path, z.prettifyError(parsed.error));
  const { run, entries } = parsed.data;
  const expected = new Set<string>([
    bundleEntries.job,
    bundleEntries.spool,
    ...run.checkpoints.map(({ facts }) => checkpointEntry(facts.sha256)),
  ]);
  const names = new Set(entries.map(({ name }) => name));
  if (names.size !== entries.length || names.size !== expected.size || [...names].some((name) => !expected.has(name)))
    throw invalid(path, 'its description does not list the entries that its run has');
  if (archive.entries.size !== expected.size + 1)
    throw invalid(path, 'it holds entries that its description does not list');
  for (const { name, bytes } of entries)
    if (entryOf(archive, name).size !== bytes) throw invalid(path, `"${name}" is not as long as described`);
  for (const { facts } of run.checkpoints) {
    const entry = entries.find(({ name }) => name === checkpointEntry(facts.sha256));
    if (entry?.sha256 !== facts.sha256 || entry.bytes !== facts.bytes)
      throw invalid(path, `the hash or size of checkpoint ${facts.sha256} contradicts its name or its facts`);
  }
  return parsed.data;
}

async function readJob(archive: ZipArchive, run: BundledRun): Promise<JobFile> {
  const parsed = jobFileSchema.safeParse(await readText(archive, bundleEntries.job));
  if (!parsed.success) throw invalid(archive.file.path, z.prettifyError(parsed.error));
  if (parsed.data.id !== run.id || parsed.data.kind !== 'train')
    throw invalid(archive.file.path, `its job is not the run ${run.id}`);
  return parsed.data;
}

async function* pieces(archive: ZipArchive, entry: ZipEntry, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (let position = 0; position < entry.size; position += pieceBytes) {
    signal.throwIfAborted();
    yield await archive.file.read(entry.position + position, Math.min(pieceBytes, entry.size - position));
  }
}

async function checkHash(archive: ZipArchive, entry: ZipEntry, sha256: string, signal: AbortSignal): Promise<void> {
  const hash = createHash('sha256');
  for await (const piece of pieces(archive, entry, signal)) hash.update(piece);
  if (hash.digest('hex') !== sha256) throw invalid(archive.file.path, `"${entry.name}" is not what was exported`);
}

/** The staged file exists under its hash and is a checkpoint as described. */
async function checkCheckpoint(
  staged: LibraryPaths,
  facts: BundledRun['checkpoints'][number]['facts'],
  path: string,
): Promise<void> {
  try {
    await using stored = await openStoredCheckpoint(staged, facts.sha256);
    if (JSON.stringify(stored.architecture) !== JSON.stringify(facts.architecture))
      throw invalid(path, `checkpoint ${facts.sha256} has another architecture than described`);
  } catch (thrown) {
    if (thrown instanceof DecantError && thrown.code === 'BUNDLE_INVALID') throw thrown;
    throw invalid(path, `"${checkpointEntry(facts.sha256)}" is no checkpoint`, thrown);
  }
}
