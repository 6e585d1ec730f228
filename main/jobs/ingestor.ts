import { setTimeout as delay } from 'node:timers/promises';
import type { BundledRun } from '../../shared/bundle.ts';
import { DecantError, toErrorReport } from '../../shared/errors.ts';
import type { Ingested } from '../store/ingest.ts';
import type { Store } from '../store/store.ts';
import { SpoolReader } from './folder/reader.ts';

/** Hints are answered together after so long: each commit is an fsync, and charts need no more than this. */
const hintGapMilliseconds = 100;

export interface IngestorOptions {
  store: Store;
  job: string;
  spool: string;
  onIngested: (ingested: Ingested) => void;
  /** Takes over the spools of runs that the batch brought; waited for. */
  onRuns: (runs: readonly BundledRun[]) => Promise<void>;
  /** Told when the library cannot take the spool over for now, e.g. on a full disk. */
  onProblem: (message: string) => void;
}

/** Whether there is nothing to write to any more: the job was deleted, or the library closed. */
export function isGone(thrown: unknown): boolean {
  return thrown instanceof DecantError && (thrown.code === 'NOT_FOUND' || thrown.code === 'HOST_GONE');
}

/** Takes one job's spool over into the store, a batch at a time and never two at once. */
export class SpoolIngestor {
  readonly #options: IngestorOptions;
  readonly #reader: SpoolReader;
  #queue: Promise<void> = Promise.resolve();
  #hinted = 0;
  #hintQueued = false;
  #saidShort = false;

  constructor(options: IngestorOptions) {
    this.#options = options;
    this.#reader = new SpoolReader(options.spool);
  }

  /** The engine said that so many bytes are on the disk. */
  hint(bytes: number): void {
    this.#hinted = Math.max(this.#hinted, bytes);
    if (this.#hintQueued) return;
    this.#hintQueued = true;
    this.#enqueue(async () => {
      await delay(hintGapMilliseconds);
      this.#hintQueued = false;
      await this.#takeOver(this.#hinted);
    }).catch(this.#say);
  }

  /** As `all`, for looks in between: what goes wrong is said, and the next look tries again. */
  look(): Promise<void> {
    return this.all().catch(this.#say);
  }

  readonly #say = (thrown: unknown): void => {
    // The end of its engine is still to come: nobody needs to know.
    if (!isGone(thrown)) this.#options.onProblem(toErrorReport(thrown).detail);
  };

  /** Takes over everything there is; what was written but not yet synced is synced first. Errors: DISK_FULL, FILE_UNREADABLE. */
  all(): Promise<void> {
    return this.#enqueue(async () => {
      await this.#reader.sync();
      await this.#takeOver(undefined);
    });
  }

  #enqueue(action: () => Promise<void>): Promise<void> {
    const next = this.#queue.then(action);
    this.#queue = next.catch(() => undefined);
    return next;
  }

  async #takeOver(upTo: number | undefined): Promise<void> {
    const { store, job, onIngested, onRuns } = this.#options;
    let { spoolOffset: offset } = await store.supervision.getJobRow(job);
    if (upTo === undefined) offset = await this.#mendOffset(offset);
    while (true) {
      // Nobody may see the import end before the run that it brought is there.
      const read = await this.#reader.readFrom(offset, { upTo, through: 'run' });
      for (const damage of read.damage)
        await store.addMessage(
          job,
          'error',
          `The spool is damaged at byte ${damage.offset}: ${damage.bytes} bytes hold no record and were passed over.`,
        );
      if (read.offset === offset) return;
      const ingested = await store.supervision.ingest(job, { from: offset, records: read.records, to: read.offset });
      if (ingested.applied) {
        if (ingested.runs.length > 0) await onRuns(ingested.runs);
        onIngested(ingested);
      }
      offset = ingested.offset;
    }
  }

  /** A spool shorter than what was taken over lost synced bytes: said, and gone on at its end. */
  async #mendOffset(offset: number): Promise<number> {
    const size = await this.#reader.size();
    if (size >= offset) return offset;
    const { store, job } = this.#options;
    if (!this.#saidShort)
      await store.addMessage(
        job,
        'error',
        `The spool has ${size} bytes where ${offset} were taken over: it was cut after it was written.`,
      );
    this.#saidShort = true;
    await store.supervision.moveSpoolOffset(job, size);
    return size;
  }
}
