import { copyFile, stat } from 'node:fs/promises';
import { type HostClient } from '../../shared/contract.ts';
import { DecantError } from '../../shared/errors.ts';
import { fileOf, type FileReport } from '../../shared/results.ts';
import { explainReadFailure, explainWriteFailure } from '../files/failures.ts';
import { sha256OfFile } from '../files/hash.ts';
import { markTaken } from '../host/disk/taken.ts';

interface Verified {
  report: FileReport;
  /** What the file's entry said when it was hashed: size, time of change, place on the disk. */
  stamp: string;
}

/** The files of finished export jobs, each known to be whole before anyone gets it. */
export class ExportFiles {
  readonly #verified = new Map<string, Promise<Verified>>();
  readonly #client: () => HostClient;

  constructor(client: () => HostClient) {
    this.#client = client;
  }

  /**
   * The report of a job's file, which exists, is complete and hashes right. A file that was hashed before is hashed again only when its entry
   * changed. Errors: NOT_FOUND, FILE_UNREADABLE, HASH_MISMATCH.
   */
  async verified(job: string): Promise<FileReport> {
    const known = await this.#verified.get(job)?.catch(() => undefined);
    if (known !== undefined && (await stampOf(known.report.path)) === known.stamp) return known.report;
    const verification = this.#verify(job);
    this.#verified.set(job, verification);
    return (await verification).report;
  }

  /** Copies a job's file to a path that the person chose. Errors: those of `verified`, DISK_FULL, FILE_UNWRITABLE, HASH_MISMATCH. */
  async copy(job: string, target: string): Promise<void> {
    const report = await this.verified(job);
    try {
      await copyFile(report.path, target);
    } catch (thrown) {
      throw explainWriteFailure(thrown, target);
    }
    await check(target, report);
    await markTaken(report.path);
  }

  async #verify(job: string): Promise<Verified> {
    const { result } = await this.#client().request('jobs.get', { id: job });
    const report = fileOf(result);
    if (report === undefined) throw new DecantError('NOT_FOUND', `${job} has made no file`);
    const stamp = await stampOf(report.path);
    await check(report.path, report);
    return { report, stamp };
  }
}

async function check(path: string, { bytes, sha256 }: FileReport): Promise<void> {
  const found = await sha256OfFile(path);
  if (found.bytes !== bytes || found.sha256 !== sha256)
    throw new DecantError('HASH_MISMATCH', `${path} is not the file that was exported`);
}

async function stampOf(path: string): Promise<string> {
  try {
    const { size, mtimeMs, ino } = await stat(path);
    return `${size} ${mtimeMs} ${ino}`;
  } catch (thrown) {
    throw explainReadFailure(thrown, path);
  }
}
