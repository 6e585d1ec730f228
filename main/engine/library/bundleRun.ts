import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bundleEntries, bundleSchema, checkpointEntry, type Bundle, type BundledRun } from '../../../shared/bundle.ts';
import { encode } from '../../../shared/codec.ts';
import { DecantError } from '../../../shared/errors.ts';
import type { BundleReport } from '../../../shared/results.ts';
import { writeFileDurably } from '../../files/durable.ts';
import { ensureFolder } from '../../files/folders.ts';
import { sha256OfBytes } from '../../files/hash.ts';
import { checkpointFile, type LibraryPaths } from '../../files/library.ts';
import { RandomAccessFile } from '../../files/reading.ts';
import { safeName } from '../../files/safeName.ts';
import { storedZipChunks, type StoredEntry } from '../../formats/zipWrite.ts';
import { readJobFile } from '../../jobs/folder/files.ts';
import { jobPathsIn } from '../../jobs/folder/layout.ts';
import { type Outcome, type Session } from '../session.ts';
import { travellingSpool } from './travellingSpool.ts';

/** What a zip without its 64-bit extension holds, less room for its directory. */
const largestBundle = 0xffffffff - (1 << 24);

/**
 * Writes a run as one file: its description, job, spool and checkpoints, each with its hash. A file of that name stays; only one that
 * carries the id as well is replaced. Errors: FILE_TOO_LARGE beyond 4 GiB, HASH_MISMATCH for a checkpoint that changed, FILE_UNREADABLE,
 * DISK_FULL, FILE_UNWRITABLE.
 */
export async function bundleRun(session: Session): Promise<Outcome> {
  await session.started(0);
  const { bundle } = session.start;
  if (bundle === undefined) throw new DecantError('NOT_FOUND', `${session.job.id} was started without a run`);
  const { run, spoolBytes } = bundle;
  const { paths } = session;
  const source = jobPathsIn(paths, run.id);
  const described: StoredEntry[] = [
    { name: bundleEntries.job, bytes: new TextEncoder().encode(`${encode(await readJobFile(source))}\n`) },
    { name: bundleEntries.spool, bytes: await travellingSpool(source.spool, spoolBytes, run) },
  ];
  const description = describe(run, described);
  const total = description.entries.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total > largestBundle)
    throw new DecantError('FILE_TOO_LARGE', `the bundle of ${run.id} would have ${total} bytes; at most 4 GiB fit`);
  const folder = resolve(session.configuration('bundle').folder ?? session.folder.folder);
  await ensureFolder(folder);
  const name = safeName(run.name, 'run');
  const preferred = `${name}.decant`;
  const file = existsSync(join(folder, preferred)) ? `${name}-${run.id}.decant` : preferred;
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    let done = 0;
    for (const chunk of storedZipChunks(entriesOf(paths, description, described))) {
      session.signal.throwIfAborted();
      yield chunk;
      done += chunk.byteLength;
      await session.progress('writing', Math.min(done, total), total, 'bytes');
    }
  };
  const { path, bytes, sha256 } = await writeFileDurably(join(folder, file), chunks());
  const report: BundleReport = { file, path, bytes, sha256, checkpoints: run.checkpoints.length };
  await session.acknowledge({ type: 'result', result: { kind: 'bundle', report } });
  return 'finished';
}

function describe(run: BundledRun, described: readonly StoredEntry[]): Bundle {
  const checkpoints = new Map(run.checkpoints.map(({ facts }) => [facts.sha256, facts.bytes]));
  return bundleSchema.parse({
    formatVersion: 1,
    run,
    entries: [
      ...described.map(({ name, bytes }) => ({ name, bytes: bytes.byteLength, sha256: sha256OfBytes(bytes) })),
      ...[...checkpoints].map(([sha256, bytes]) => ({ name: checkpointEntry(sha256), bytes, sha256 })),
    ],
  });
}

/** One checkpoint in memory at a time. */
function* entriesOf(
  paths: LibraryPaths,
  description: Bundle,
  described: readonly StoredEntry[],
): Generator<StoredEntry> {
  yield { name: bundleEntries.description, bytes: new TextEncoder().encode(`${encode(description)}\n`) };
  yield* described;
  for (const sha256 of new Set(description.run.checkpoints.map(({ facts }) => facts.sha256)))
    yield { name: checkpointEntry(sha256), bytes: readCheckpoint(paths, sha256) };
}

function readCheckpoint(paths: LibraryPaths, sha256: string): Uint8Array {
  const file = new RandomAccessFile(checkpointFile(paths, sha256));
  try {
    const bytes = file.readSync(0, file.size);
    if (sha256OfBytes(bytes) !== sha256)
      throw new DecantError('HASH_MISMATCH', `${file.path} has other content than its name says`);
    return bytes;
  } finally {
    void file.close();
  }
}
