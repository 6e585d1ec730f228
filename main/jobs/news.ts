import type { HostEvent } from '../../shared/contract.ts';
import { DecantError } from '../../shared/errors.ts';
import { Listeners } from '../../shared/listeners.ts';
import type { Ingested } from '../store/ingest.ts';
import type { Store } from '../store/store.ts';

/** Tells what changed in the library, in the order in which it did. */
export class News {
  readonly #store: Store;
  readonly #listeners = new Listeners<HostEvent>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Returns a function that ends the subscription. */
  subscribe(listener: (event: HostEvent) => void): () => void {
    return this.#listeners.add(listener);
  }

  publish(event: HostEvent): void {
    this.#listeners.tell(event);
  }

  /** A job as it is now. */
  async publishJob(id: string): Promise<void> {
    try {
      this.publish({ type: 'job', job: await this.#store.getJob(id) });
    } catch (thrown) {
      // Deleted meanwhile, or the library is closed: nobody to tell.
      if (!(thrown instanceof DecantError)) throw thrown;
    }
  }

  /** What a batch of a job's spool brought. */
  async publishIngested(job: string, ingested: Ingested): Promise<void> {
    if (ingested.step !== null)
      this.publish({ type: 'metrics', id: job, step: ingested.step, values: ingested.values });
    for (const message of ingested.messages) this.publish({ type: 'message', id: job, ...message });
    for (const id of ingested.removedCheckpoints) this.publish({ type: 'deleted', id });
    for (const id of ingested.checkpoints)
      if (!ingested.removedCheckpoints.includes(id))
        this.publish({ type: 'checkpoint', checkpoint: await this.#store.contents.getCheckpoint(id) });
    for (const id of new Set([...ingested.datasets, ...ingested.labelled]))
      this.publish({ type: 'dataset', dataset: await this.#store.contents.getDataset(id) });
    if (ingested.changed) await this.publishJob(job);
  }

  /** Ends all subscriptions. */
  close(): void {
    this.#listeners.clear();
  }
}
