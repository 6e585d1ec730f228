import type { CheckpointFacts, DatasetFacts } from '../../shared/facts.ts';
import type { CheckpointRecord, DatasetRecord } from '../../shared/records.ts';
import type { StoreWorker } from './storeWorker.ts';

/** The part of the store that knows checkpoints and datasets. */
export class Contents {
  readonly #worker: StoreWorker;

  constructor(worker: StoreWorker) {
    this.#worker = worker;
  }

  listCheckpoints(): Promise<CheckpointRecord[]> {
    return this.#worker.call('listCheckpoints');
  }

  /** Errors: NOT_FOUND. */
  getCheckpoint(id: string): Promise<CheckpointRecord> {
    return this.#worker.call('getCheckpoint', id);
  }

  lastCheckpointOf(job: string): Promise<CheckpointRecord | undefined> {
    return this.#worker.call('lastCheckpointOf', job);
  }

  resumableCheckpoints(job: string): Promise<CheckpointRecord[]> {
    return this.#worker.call('resumableCheckpoints', job);
  }

  bestCheckpointOf(job: string): Promise<string | undefined> {
    return this.#worker.call('bestCheckpointOf', job);
  }

  /** Nothing is resumed from it any more; its row stays. */
  markDamaged(id: string): Promise<void> {
    return this.#worker.call('markDamaged', id);
  }

  /** Errors: NOT_FOUND. */
  pinCheckpoint(id: string, pinned: boolean): Promise<CheckpointRecord> {
    return this.#worker.call('pinCheckpoint', id, pinned);
  }

  /** The same content gives the row that is there. */
  addImported(job: string | null, name: string, facts: CheckpointFacts): Promise<{ id: string; duplicate: boolean }> {
    return this.#worker.call('addImported', job, name, facts);
  }

  listDatasets(): Promise<DatasetRecord[]> {
    return this.#worker.call('listDatasets');
  }

  /** Errors: NOT_FOUND. */
  getDataset(id: string): Promise<DatasetRecord> {
    return this.#worker.call('getDataset', id);
  }

  lastDatasetOf(job: string): Promise<DatasetRecord | undefined> {
    return this.#worker.call('lastDatasetOf', job);
  }

  /** The same manifest gives the dataset that is there. */
  addDataset(job: string | null, name: string, facts: DatasetFacts): Promise<{ id: string; duplicate: boolean }> {
    return this.#worker.call('addDataset', job, name, facts);
  }

  addDatasetVersion(id: string, facts: DatasetFacts): Promise<number> {
    return this.#worker.call('addDatasetVersion', id, facts);
  }

  /** Manifests that must keep their segments. */
  livingManifests(): Promise<string[]> {
    return this.#worker.call('livingManifests');
  }
}
