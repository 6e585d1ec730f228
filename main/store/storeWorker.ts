import { Worker } from 'node:worker_threads';
import { DecantError } from '../../shared/errors.ts';
import { moduleBeside } from '../../shared/place.ts';
import type { SlowQuery } from './connection.ts';
import { replySchema, type WorkerData, type WorkerReply, type WorkerRequest } from './messages.ts';
import type { OperationArguments, OperationName, OperationResult } from './operations.ts';

interface Waiting {
  done: (value: unknown) => void;
  failed: (error: Error) => void;
}

/** The thread that owns the database, as the host sees it. */
export class StoreWorker {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #nextRequest = 1;
  #closed = false;

  private constructor(worker: Worker, onSlowQuery: (query: SlowQuery) => void) {
    this.#worker = worker;
    this.#ended = new Promise((resolve) => {
      worker.once('exit', () => {
        this.#closed = true;
        this.#failAll('the store has ended');
        resolve();
      });
    });
    worker.on('error', (thrown) => {
      this.#failAll(thrown instanceof Error ? thrown.message : String(thrown));
    });
    worker.on('message', (message: unknown) => {
      const reply = replySchema.parse(message);
      if (reply.type === 'slow') onSlowQuery(reply);
      if (reply.type === 'done' || reply.type === 'failed') this.#settle(reply);
    });
  }

  /** Errors: LIBRARY_CORRUPT and LIBRARY_NEWER (nothing was touched), DISK_FULL. */
  static async open(data: WorkerData, onSlowQuery: (query: SlowQuery) => void): Promise<StoreWorker> {
    const worker = new Worker(moduleBeside(import.meta.url, './worker'), { workerData: data });
    await new Promise<void>((resolve, reject) => {
      worker.once('error', reject);
      worker.once('message', (message: unknown) => {
        const reply = replySchema.parse(message);
        worker.removeListener('error', reject);
        if (reply.type === 'refused') reject(new DecantError(reply.error.code, reply.error.detail));
        else resolve();
      });
    });
    return new StoreWorker(worker, onSlowQuery);
  }

  /** Waits for what was asked, then closes the database. */
  async close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#worker.postMessage('close');
    }
    await this.#ended;
  }

  /** Has the worker do an operation after those asked for before. Errors: the operation's own; DISK_FULL; HOST_GONE after `close`. */
  async call<Name extends OperationName>(
    operation: Name,
    ...values: OperationArguments<Name>
  ): Promise<OperationResult<Name>> {
    if (this.#closed) throw new DecantError('HOST_GONE', 'the library is closed');
    const id = this.#nextRequest;
    this.#nextRequest += 1;
    const value = await new Promise<unknown>((done, failed) => {
      this.#waiting.set(id, { done, failed });
      const request: WorkerRequest = { id, operation, values };
      this.#worker.postMessage(request);
    });
    // The worker runs this very function: its result has this type.
    return value as OperationResult<Name>;
  }

  #settle(reply: Extract<WorkerReply, { type: 'done' | 'failed' }>): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.type === 'done') waiting?.done(reply.value);
    else waiting?.failed(new DecantError(reply.error.code, reply.error.detail));
  }

  #failAll(reason: string): void {
    for (const { failed } of this.#waiting.values()) failed(new DecantError('HOST_GONE', reason));
    this.#waiting.clear();
  }
}
