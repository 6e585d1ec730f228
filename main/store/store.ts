import type {
  CheckpointRecord,
  DatasetRecord,
  GroupRecord,
  JobDetail,
  JobRecord,
  RunRecord,
  Series,
} from '../../shared/records.ts';
import type { ErrorReport } from '../../shared/errors.ts';
import type { BundledRun } from '../../shared/bundle.ts';
import type { CheckpointFacts, DatasetFacts } from '../../shared/facts.ts';
import type { JobKind, JobState } from '../../shared/jobs.ts';
import { libraryPaths } from '../files/library.ts';
import { makeFolders } from '../files/makeFolders.ts';
import type { Points } from './blocks.ts';
import type { KeptFigure } from './benchmarkFigures.ts';
import type { RunToBundle } from './bundles.ts';
import type { SlowQuery } from './connection.ts';
import type { Garbage } from './garbage.ts';
import { newId } from './ids.ts';
import type { IngestBatch, Ingested } from './ingest.ts';
import type { JobListOptions, RunListOptions } from './jobLists.ts';
import type { Dependency, JobChanges, JobInput, NewJob } from './jobs.ts';
import type { ChartQuery, Pairs } from './metrics.ts';
import type { JobRow } from './records.ts';
import type { EntityKind, Resolved } from './references.ts';
import { StoreWorker } from './storeWorker.ts';
import type { SurplusCheckpoint } from './surplus.ts';

export interface StoreOptions {
  /** Called with each statement that took more than 40 ms. */
  onSlowQuery?: (query: SlowQuery) => void;
}

/**
 * The library's database: the only one that writes to it, in a thread of its own, one request after the other.
 * Every method may fail with DISK_FULL (nothing of the request is kept) and HOST_GONE (the store was closed).
 */
export class Store {
  readonly #worker: StoreWorker;

  private constructor(worker: StoreWorker) {
    this.#worker = worker;
  }

  /**
   * Opens the database of a library folder, creating or migrating it (with a backup before).
   * Errors: LIBRARY_CORRUPT and LIBRARY_NEWER (nothing was touched), DISK_FULL.
   */
  static async open(home: string, options: StoreOptions = {}): Promise<Store> {
    const { database: file, backups } = libraryPaths(home);
    makeFolders(home);
    return new Store(await StoreWorker.open({ file, backups }, options.onSlowQuery ?? (() => undefined)));
  }

  /** Waits for what was asked, then closes the database. */
  close(): Promise<void> {
    return this.#worker.close();
  }

  // Jobs

  /** A new id for a job: r-… for a training run, j-… for others. */
  newJobId(kind: JobKind): string {
    return newId(kind === 'train' ? 'r' : 'j');
  }

  /** Queues jobs at the end of their lanes, all or none. */
  insertJobs(list: readonly { id: string; job: NewJob }[]): Promise<void> {
    return this.#worker.call('insertJobs', list);
  }

  /** A group of jobs: a sweep, seeds, the quick pour. Returns its id. */
  createGroup(kind: string, title: string): Promise<string> {
    return this.#worker.call('createGroup', kind, title);
  }

  /** A group with its jobs. Errors: NOT_FOUND. */
  getGroup(id: string): Promise<GroupRecord> {
    return this.#worker.call('getGroup', id);
  }

  /** Errors: NOT_FOUND. */
  getJob(id: string): Promise<JobRecord> {
    return this.#worker.call('getJob', id);
  }

  /** Newest first; without the hidden ones unless asked. Errors: NOT_FOUND for `before`. */
  listJobs(options: JobListOptions = {}): Promise<JobRecord[]> {
    return this.#worker.call('listJobs', options);
  }

  /** Training runs, newest first, each with last, smallest and largest value of its metrics. */
  listRuns(options: RunListOptions = {}): Promise<RunRecord[]> {
    return this.#worker.call('listRuns', options);
  }

  runIds(): Promise<string[]> {
    return this.#worker.call('runIds');
  }

  /** What a bundle says of a run beside its spool. Errors: NOT_FOUND, ID_AMBIGUOUS, IN_USE while it is queued or running. */
  bundleRun(reference: string): Promise<RunToBundle> {
    return this.#worker.call('bundleRun', reference);
  }

  /** Ends the taking over of a run that came as a bundle. */
  finishRun(run: BundledRun): Promise<void> {
    return this.#worker.call('finishRun', run);
  }

  /** Everything of a job except its points. Errors: NOT_FOUND. */
  jobDetail(id: string): Promise<JobDetail> {
    return this.#worker.call('jobDetail', id);
  }

  /** Values that a replay after a resume compared with the superseded ones, and how many differed, by metric. */
  replayOf(id: string): Promise<Record<string, { compared: number; differing: number }>> {
    return this.#worker.call('replayOf', id);
  }

  /** Errors: NOT_FOUND. */
  updateJob(id: string, changes: JobChanges): Promise<JobRecord> {
    return this.#worker.call('updateJob', id, changes);
  }

  addMessage(id: string, level: 'info' | 'warning' | 'error', text: string): Promise<void> {
    return this.#worker.call('addMessage', id, level, text);
  }

  // Supervision: only main/jobs calls these

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

  // Metrics

  /** Bins for charts: powers of two of points, with fixed borders. */
  readCharts(id: string, query: ChartQuery = {}): Promise<Series[]> {
    return this.#worker.call('readCharts', id, query);
  }

  /** Every recorded value from step `from` to `to`, both included. */
  readMetrics(id: string, from: number, to: number, metrics?: readonly string[]): Promise<Record<string, Points>> {
    return this.#worker.call('readMetrics', id, from, to, metrics);
  }

  readPairs(id: string, limit = 10): Promise<Pairs[]> {
    return this.#worker.call('readPairs', id, limit);
  }

  // Checkpoints and datasets

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

  // The library

  /** An id, an unambiguous prefix of one (with or without its letter), or an exact name. Errors: NOT_FOUND, ID_AMBIGUOUS. */
  resolve(kinds: readonly EntityKind[], reference: string): Promise<Resolved> {
    return this.#worker.call('resolve', kinds, reference);
  }

  /** Removes rows and returns their ids; `listGarbage` then names the files. Errors: NOT_FOUND, IN_USE. */
  deleteEntry(kind: EntityKind, id: string): Promise<string[]> {
    return this.#worker.call('deleteEntry', kind, id);
  }

  /** Removes ended jobs that no list shows, such as estimates; returns the ids of all rows that went. */
  deleteEndedHidden(): Promise<string[]> {
    return this.#worker.call('deleteEndedHidden');
  }

  /** The ids that `deleteEntry` would remove; nothing changes. Errors: NOT_FOUND, IN_USE. */
  previewDeletion(kind: EntityKind, id: string): Promise<string[]> {
    return this.#worker.call('previewDeletion', kind, id);
  }

  /** Training checkpoints that are neither last, best nor pinned and that no job read. */
  surplusCheckpoints(): Promise<SurplusCheckpoint[]> {
    return this.#worker.call('surplusCheckpoints');
  }

  /** Removes the rows of such checkpoints, all or none. Errors: NOT_FOUND, IN_USE. */
  dropSurplus(ids: readonly string[]): Promise<void> {
    return this.#worker.call('dropSurplus', ids);
  }

  /** Forgets how much a teacher, by its hash, has labelled. */
  forgetTeacher(teacher: string): Promise<void> {
    return this.#worker.call('forgetTeacher', teacher);
  }

  listGarbage(): Promise<Garbage> {
    return this.#worker.call('listGarbage');
  }

  forgetGarbage(garbage: Partial<Garbage>): Promise<void> {
    return this.#worker.call('forgetGarbage', garbage);
  }

  /** What benchmarks measured, newest first. */
  listFigures(limit = 1000): Promise<KeptFigure[]> {
    return this.#worker.call('listFigures', limit);
  }

  getSetting(key: string): Promise<unknown> {
    return this.#worker.call('getSetting', key);
  }

  setSetting(key: string, value: unknown): Promise<void> {
    return this.#worker.call('setSetting', key, value);
  }
}
