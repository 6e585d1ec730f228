import type { BundledRun } from '../../shared/bundle.ts';
import type { JobKind } from '../../shared/jobs.ts';
import type { GroupRecord, JobDetail, JobRecord, RunRecord, Series } from '../../shared/records.ts';
import { libraryPaths } from '../files/library.ts';
import { makeFolders } from '../files/makeFolders.ts';
import type { Points } from './blocks.ts';
import type { KeptFigure } from './benchmarkFigures.ts';
import type { RunToBundle } from './bundles.ts';
import type { SlowQuery } from './connection.ts';
import { Contents } from './contents.ts';
import type { Garbage } from './garbage.ts';
import { newId } from './ids.ts';
import type { JobListOptions, RunListOptions } from './jobLists.ts';
import type { JobChanges, NewJob } from './jobs.ts';
import type { ChartQuery, Pairs } from './metrics.ts';
import type { EntityKind, Resolved } from './references.ts';
import { StoreWorker } from './storeWorker.ts';
import { Supervision } from './supervision.ts';
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
  readonly contents: Contents;
  /** For main/jobs, which alone decides what becomes of a job. */
  readonly supervision: Supervision;
  readonly #worker: StoreWorker;

  private constructor(worker: StoreWorker) {
    this.contents = new Contents(worker);
    this.supervision = new Supervision(worker);
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
