import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { DecantError } from '../../shared/errors.ts';
import { moduleBeside } from '../../shared/place.ts';
import { errorReportSchema } from '../../shared/values.ts';
import { type SamplerOptions } from './sampler.ts';
import { type Batch } from './windows.ts';

export interface StreamOptions {
  /** The library folder. */
  home: string;
  manifest: string;
  sampler: SamplerOptions;
  /** First update whose batch is wanted. */
  firstStep: number;
  /** Batches that are read ahead at most. */
  depth?: number;
  /** Threads that read; more than one where the data do not fit the page cache and the disk answers in parallel. */
  workers?: number;
}

const floats = z.instanceof(Float32Array<ArrayBuffer>);
const integers = z.instanceof(Int32Array<ArrayBuffer>);
const batchSchema = z.object({
  horizon: z.int(),
  batchSize: z.int(),
  obs: floats,
  action: floats,
  reward: floats,
  task: integers,
  windows: z.object({ count: z.int(), segment: integers, episode: integers, start: integers, task: integers }),
});

/** What a worker answers. */
const readerAnswerSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('batch'), step: z.int(), batch: batchSchema }),
  z.object({ type: z.literal('failed'), error: errorReportSchema }),
]);
export type ReaderAnswer = z.infer<typeof readerAnswerSchema>;

export interface StepBatch {
  step: number;
  batch: Batch;
  /** Milliseconds that the caller had to wait for it. */
  waited: number;
}

interface Expected {
  promise: Promise<Batch>;
  resolve: (batch: Batch) => void;
  reject: (reason: unknown) => void;
}

function expectBatch(): Expected {
  let resolve: Expected['resolve'] = () => undefined;
  let reject: Expected['reject'] = () => undefined;
  const promise = new Promise<Batch>((onBatch, onFailure) => {
    resolve = onBatch;
    reject = onFailure;
  });
  return { promise, resolve, reject };
}

/**
 * Batches of successive updates, read ahead of training in worker threads. Order and content depend on the sampler alone,
 * not on depth, workers or timing. Memory: (depth + 1) batches.
 */
export class BatchStream implements AsyncDisposable {
  readonly #workers: Worker[];
  readonly #expected = new Map<number, Expected>();
  readonly #depth: number;
  #nextStep: number;
  #nextRequest: number;
  #failure: DecantError | undefined;
  #closing = false;

  constructor(options: StreamOptions) {
    this.#depth = options.depth ?? 4;
    this.#nextStep = options.firstStep;
    this.#nextRequest = options.firstStep;
    const { home, manifest, sampler } = options;
    this.#workers = Array.from({ length: options.workers ?? 1 }, () => {
      const worker = new Worker(moduleBeside(import.meta.url, './prefetchWorker'), {
        workerData: { home, manifest, sampler },
      });
      worker.on('message', (message: unknown) => this.#receive(message));
      worker.on('error', (thrown) =>
        this.#fail(new DecantError('INTERNAL', `a data reader failed: ${String(thrown)}`, { cause: thrown })),
      );
      worker.on('exit', () => {
        if (!this.#closing) this.#fail(new DecantError('INTERNAL', 'a data reader ended by itself'));
      });
      return worker;
    });
    this.#requestAhead();
  }

  /** The next update's batch. Errors: those of the dataset (DATASET_VANISHED, HASH_MISMATCH, …), at every call from then on. */
  async next(): Promise<StepBatch> {
    const step = this.#nextStep;
    const expected = this.#expected.get(step);
    if (this.#failure !== undefined) throw this.#failure;
    if (expected === undefined) throw new Error('the stream is closed, or next() was not awaited');
    this.#nextStep = step + 1;
    const begun = performance.now();
    const batch = await expected.promise;
    const waited = performance.now() - begun;
    this.#expected.delete(step);
    this.#requestAhead();
    return { step, batch, waited };
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#expected.clear();
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #requestAhead(): void {
    for (; this.#nextRequest <= this.#nextStep + this.#depth; this.#nextRequest++) {
      const expected = expectBatch();
      // A failure is told by next(); a batch that nobody asks for any more must not end the process.
      expected.promise.catch(() => undefined);
      this.#expected.set(this.#nextRequest, expected);
      this.#workers[this.#nextRequest % this.#workers.length]?.postMessage({ step: this.#nextRequest });
    }
  }

  #receive(message: unknown): void {
    const answer = readerAnswerSchema.parse(message);
    if (answer.type === 'failed') this.#fail(new DecantError(answer.error.code, answer.error.detail));
    else this.#expected.get(answer.step)?.resolve(answer.batch);
  }

  #fail(error: DecantError): void {
    this.#failure ??= error;
    for (const expected of this.#expected.values()) expected.reject(this.#failure);
  }
}
