import type { HostEvent } from '../../shared/contract.ts';
import { DecantError } from '../../shared/errors.ts';
import { Listeners } from '../../shared/listeners.ts';
import type { Ingested } from '../store/ingest.ts';
import type { Store } from '../store/store.ts';

/** Tells what changed in the library, in the order in which it did: one after the other, each as it is when its turn comes. */
export class News {
  readonly #store: Store;
  readonly #listeners: Listeners<HostEvent>;
  #queue: Promise<void> = Promise.resolve();

  /** `onFailure` hears what listeners throw. */
  constructor(store: Store, onFailure: (thrown: unknown) => void) {
    this.#store = store;
    this.#listeners = new Listeners(onFailure);
  }

  /** Returns a function that ends the subscription. */
  subscribe(listener: (event: HostEvent) => void): () => void {
    return this.#listeners.add(listener);
  }

  /** Entries that were deleted. */
  publishDeleted(ids: readonly string[]): Promise<void> {
    return this.#inTurn(() => {
      for (const id of ids) this.#listeners.tell({ type: 'deleted', id });
      return Promise.resolve();
    });
  }

  /** A job as it is now. */
  publishJob(id: string): Promise<void> {
    return this.#inTurn(() => this.#tellJob(id));
  }

  /** What a batch of a job's spool brought. */
  publishIngested(job: string, ingested: Ingested): Promise<void> {
    return this.#inTurn(async () => {
      const { contents } = this.#store;
      const tell = (event: HostEvent): void => {
        this.#listeners.tell(event);
      };
      if (ingested.step !== null) tell({ type: 'metrics', id: job, step: ingested.step, values: ingested.values });
      for (const message of ingested.messages) tell({ type: 'message', id: job, ...message });
      for (const id of ingested.removedCheckpoints) tell({ type: 'deleted', id });
      for (const id of ingested.checkpoints) {
        if (ingested.removedCheckpoints.includes(id)) continue;
        const checkpoint = await unlessGone(contents.getCheckpoint(id));
        if (checkpoint !== undefined) tell({ type: 'checkpoint', checkpoint });
      }
      for (const id of new Set([...ingested.datasets, ...ingested.labelled])) {
        const dataset = await unlessGone(contents.getDataset(id));
        if (dataset !== undefined) tell({ type: 'dataset', dataset });
      }
      if (ingested.changed) await this.#tellJob(job);
    });
  }

  /** Ends all subscriptions. */
  close(): void {
    this.#listeners.clear();
  }

  async #tellJob(id: string): Promise<void> {
    const job = await unlessGone(this.#store.getJob(id));
    if (job !== undefined) this.#listeners.tell({ type: 'job', job });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const told = this.#queue.then(work);
    this.#queue = told.catch(() => undefined);
    return told;
  }
}

/** What was deleted meanwhile has news of its own; of a closed library there is nobody to tell. */
async function unlessGone<Record>(read: Promise<Record>): Promise<Record | undefined> {
  try {
    return await read;
  } catch (thrown) {
    if (thrown instanceof DecantError) return undefined;
    throw thrown;
  }
}
