import { DecantError } from '../../../shared/errors.ts';
import type { SpoolRecord } from '../../../shared/jobFolder.ts';
import { DurableAppender } from '../../files/appending.ts';
import { readClaim, writeClaim } from './files.ts';
import type { JobPaths } from './layout.ts';
import { encodeLines } from './lines.ts';
import { isSameProcessAlive, processStartTime } from './processes.ts';
import { SpoolReader } from './reader.ts';

interface Batch {
  records: SpoolRecord[];
  acknowledged: Promise<number>;
}

/**
 * The engine's side of the spool. A record is acknowledged once `append` resolves: it is on the disk. Appends that come while another
 * one is being written go together in the next batch.
 */
export class SpoolWriter implements AsyncDisposable {
  /** Bytes of a torn tail that opening cut off; 0 for a clean spool. */
  readonly tornBytes: number;
  readonly #appender: DurableAppender;
  #writing: Promise<unknown> = Promise.resolve();
  #next: Batch | undefined;

  private constructor(appender: DurableAppender, tornBytes: number) {
    this.#appender = appender;
    this.tornBytes = tornBytes;
  }

  /**
   * Opens the spool for a new attempt: claims the folder for this process and cuts off what a killed writer left half written.
   * Errors: IN_USE when another living process writes here, DISK_FULL, FILE_UNWRITABLE.
   */
  static async open(paths: JobPaths): Promise<SpoolWriter> {
    const claim = await readClaim(paths);
    if (
      claim !== undefined &&
      claim.pid !== process.pid &&
      (await isSameProcessAlive(claim.pid, claim.started)) === 'alive'
    )
      throw new DecantError('IN_USE', `process ${claim.pid} still writes to ${paths.folder}`);
    await writeClaim(paths, { pid: process.pid, started: await processStartTime(process.pid) });
    const reader = new SpoolReader(paths.spool);
    let valid = 0;
    for (let more = true; more;) {
      const read = await reader.readFrom(valid);
      valid = read.offset;
      more = read.more;
    }
    const torn = (await reader.size()) - valid;
    return new SpoolWriter(await DurableAppender.open(paths.spool, valid), torn);
  }

  /** Bytes acknowledged: what a hint to the host names. */
  get length(): number {
    return this.#appender.length;
  }

  /** Resolves with the spool's length once the records are on the disk. Errors: DISK_FULL, FILE_UNWRITABLE: none of them is kept. */
  append(...records: SpoolRecord[]): Promise<number> {
    if (this.#next !== undefined) {
      this.#next.records.push(...records);
      return this.#next.acknowledged;
    }
    const batch: Batch = { records: [...records], acknowledged: Promise.resolve(0) };
    this.#next = batch;
    batch.acknowledged = this.#writing.then(() => {
      this.#next = undefined;
      return this.#appender.append(encodeLines(batch.records));
    });
    this.#writing = batch.acknowledged.catch(() => undefined);
    return batch.acknowledged;
  }

  /** Waits for what was appended, then closes the file. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#appender.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
