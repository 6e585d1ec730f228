import type { ErrorReport } from '../../shared/errors.ts';
import type { JobState } from '../../shared/jobs.ts';
import type { IngestBatch, Ingested } from './ingest.ts';
import type { Dependency, JobInput } from './jobs.ts';
import type { JobRow } from './records.ts';
import type { StoreWorker } from './storeWorker.ts';

/** The part of the store that moves jobs from state to state and takes over what engines write. */
export class Supervision {
  readonly #worker: StoreWorker;

  constructor(worker: StoreWorker) {
    this.#worker = worker;
  }

  getJobRow(id: string): Promise<JobRow> {
    return this.#worker.call('getJobRow', id);
  }

  jobsInState(states: readonly JobState[]): Promise<JobRow[]> {
    return this.#worker.call('jobsInState', states);
  }

  dependencies(id: string): Promise<Dependency[]> {
    return this.#worker.call('dependencies', id);
  }

  jobInputs(id: string): Promise<JobInput[]> {
    return this.#worker.call('jobInputs', id);
  }

  /** Fixes what a job reads; what was fixed before stays. */
  recordInputs(id: string, inputs: readonly JobInput[]): Promise<void> {
    return this.#worker.call('recordInputs', id, inputs);
  }

  /** queued → running; false when it was no longer queued. */
  markRunning(id: string): Promise<boolean> {
    return this.#worker.call('markRunning', id);
  }

  recordEngine(id: string, pid: number, started: string | null): Promise<void> {
    return this.#worker.call('recordEngine', id, pid, started);
  }

  /** queued → stopped, running → stopping; returns the state after it. */
  requestStop(id: string): Promise<JobState> {
    return this.#worker.call('requestStop', id);
  }

  /** A running or stopping job whose engine is gone; false when it had ended. */
  settle(id: string, state: 'interrupted' | 'failed', error: ErrorReport | null): Promise<boolean> {
    return this.#worker.call('settle', id, state, error);
  }

  failQueued(id: string, error: ErrorReport): Promise<boolean> {
    return this.#worker.call('failQueued', id, error);
  }

  /** stopped, failed, interrupted → queued. Errors: NOT_FOUND, NOT_RESUMABLE. */
  requeue(id: string): Promise<void> {
    return this.#worker.call('requeue', id);
  }

  /** Before another queued job, or to the end of the queue (null). Errors: NOT_FOUND. */
  moveInQueue(id: string, before: string | null): Promise<void> {
    return this.#worker.call('moveInQueue', id, before);
  }

  /** Takes spool records over; rows and offset move in one transaction. */
  ingest(id: string, batch: IngestBatch): Promise<Ingested> {
    return this.#worker.call('ingest', id, batch);
  }

  moveSpoolOffset(id: string, offset: number): Promise<void> {
    return this.#worker.call('moveSpoolOffset', id, offset);
  }
}
