import type { HostEvent } from '../../shared/contract.ts';
import { DecantError } from '../../shared/errors.ts';
import { type JobKind } from '../../shared/jobs.ts';
import { libraryPaths, type LibraryPaths } from '../files/library.ts';
import type { EntityKind } from '../store/references.ts';
import type { Store } from '../store/store.ts';
import { prepareJobs, type JobRequest } from './enqueue.ts';
import { JobExecutor } from './executor.ts';
import type { EngineLauncher } from './launcher.ts';
import { News } from './news.ts';
import { defaultTimes, type SupervisionTimes } from './supervisor.ts';

/** A window must not be kept waiting for an old engine that still saves; one command asks once and wants to know how it ended. */
const recoveryMilliseconds = 15_000;

export interface JobServiceOptions {
  home: string;
  store: Store;
  launcher: EngineLauncher;
  codeVersion: string;
  times?: Partial<SupervisionTimes>;
  /** Removes manifests and the segments that no living manifest names; without it deleted datasets keep their files. */
  removeManifests?: (manifests: readonly string[], living: readonly string[]) => Promise<void>;
  /** Leaves the jobs that a former host left queued where they are until they are resumed: for a host that lives for one command. */
  holdQueued?: boolean;
  /** Told what went wrong in the background, for the host's log. */
  onProblem?: (message: string) => void;
}

/**
 * The queue: starts engines, takes their spools over, keeps states true. One job runs at a time in each lane.
 * Enqueue, stop, resume and delete return once the change is in the library.
 */
export class JobService {
  readonly #store: Store;
  readonly #library: LibraryPaths;
  readonly #codeVersion: string;
  readonly #news: News;
  readonly #executor: JobExecutor;

  private constructor(options: JobServiceOptions) {
    this.#store = options.store;
    this.#library = libraryPaths(options.home);
    this.#codeVersion = options.codeVersion;
    const onProblem = options.onProblem ?? (() => undefined);
    this.#news = new News(options.store, (thrown) => {
      onProblem(`a listener failed: ${String(thrown)}`);
    });
    this.#executor = new JobExecutor({
      home: options.home,
      store: options.store,
      library: this.#library,
      launcher: options.launcher,
      times: { ...defaultTimes, ...(options.holdQueued === true && { recoveryMilliseconds }), ...options.times },
      news: this.#news,
      removeManifests: options.removeManifests,
      onProblem,
    });
  }

  /**
   * Starts the service: first makes the states of jobs true that the last host left running. Those whose engine is gone are settled when
   * this resolves; a lane whose old engine still saves its work opens once that is gone.
   */
  static async open(options: JobServiceOptions): Promise<JobService> {
    const service = new JobService(options);
    if (options.holdQueued === true)
      service.#executor.hold((await options.store.supervision.jobsInState(['queued'])).map(({ id }) => id));
    await service.#executor.recover(await options.store.supervision.jobsInState(['running', 'stopping']));
    await service.#removeEndedHidden();
    service.#executor.pump();
    return service;
  }

  /** Events of all jobs, in the order in which the library changed. Returns a function that ends the subscription. */
  onChange(listener: (event: HostEvent) => void): () => void {
    return this.#news.subscribe(listener);
  }

  /**
   * Queues a job. Its configuration is snapshotted, its references to datasets and checkpoints are fixed now; `job:<id>` is found when
   * that job has finished. Returns its id. Errors: CONFIG_INVALID, NOT_FOUND, ID_AMBIGUOUS, DISK_FULL.
   */
  async enqueue(
    kind: JobKind,
    configuration: unknown,
    options: Omit<JobRequest, 'kind' | 'configuration'> = {},
  ): Promise<string> {
    const [id] = await this.#enqueueAll([{ ...options, kind, configuration }]);
    if (id === undefined) throw new Error('a queued job has an id');
    return id;
  }

  /**
   * Queues jobs that belong together, all or none. In their configurations `job:#0` stands for `job:` and the id of the first one, and so on.
   * Errors: as `enqueue`.
   */
  async enqueueGroup(
    kind: string,
    title: string,
    requests: readonly JobRequest[],
  ): Promise<{ group: string; jobs: string[] }> {
    const group = await this.#store.createGroup(kind, title);
    try {
      const jobs = await this.#enqueueAll(requests.map((request) => ({ ...request, group })));
      return { group, jobs };
    } catch (thrown) {
      await this.#store.deleteEntry('group', group);
      throw thrown;
    }
  }

  async #enqueueAll(requests: readonly JobRequest[]): Promise<string[]> {
    if (this.#executor.closing) throw new DecantError('HOST_GONE', 'Decant is closing');
    // What they found was read when they ended; whoever asks for the next one does not need the last.
    if (requests.some(({ hidden }) => hidden === true)) await this.#removeEndedHidden();
    const prepared = await prepareJobs(this.#store, this.#library, this.#codeVersion, requests);
    await this.#store.insertJobs(prepared);
    for (const { id } of prepared) await this.#news.publishJob(id);
    this.#executor.pump();
    return prepared.map(({ id }) => id);
  }

  /**
   * Stops a job: a queued one at once, a running one after its engine wrote a checkpoint. With `force` the engine is ended without one.
   * Nothing happens to a job that has ended. Errors: NOT_FOUND.
   */
  async stop(id: string, options: { force?: boolean } = {}): Promise<void> {
    const state = await this.#store.supervision.requestStop(id);
    // One that was left queued is ended like any other: resuming it queues it again.
    if (state === 'stopped') this.#executor.release(id);
    if (state === 'stopping') this.#executor.stopEngine(id, options.force === true);
    await this.#news.publishJob(id);
    this.#executor.pump();
  }

  /** Queues a stopped, failed or interrupted job again; it goes on from its newest whole checkpoint. Errors: NOT_FOUND, NOT_RESUMABLE. */
  async resume(id: string): Promise<void> {
    if (!this.#executor.release(id)) await this.#store.supervision.requeue(id);
    await this.#news.publishJob(id);
    this.#executor.pump();
  }

  /** Deletes an entry of the library with its files. Returns the ids that went. Errors: NOT_FOUND, IN_USE. */
  async delete(kind: EntityKind, id: string): Promise<string[]> {
    const removed = await this.#store.deleteEntry(kind, id);
    await this.#news.publishDeleted(removed);
    await this.#executor.collectGarbage();
    return removed;
  }

  /** Removes training checkpoints that nothing needs, all or none. Errors: NOT_FOUND, IN_USE. */
  async dropSurplus(ids: readonly string[]): Promise<void> {
    await this.#store.dropSurplus(ids);
    await this.#news.publishDeleted(ids);
    await this.#executor.collectGarbage();
  }

  /** Does some work during which no queued job is started. */
  exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#executor.exclusively(work);
  }

  async #removeEndedHidden(): Promise<void> {
    const removed = await this.#store.deleteEndedHidden();
    await this.#news.publishDeleted(removed);
    if (removed.length > 0) await this.#executor.collectGarbage();
  }

  /** Resolves when no job is queued or running that could go on by itself. */
  idle(): Promise<void> {
    return this.#executor.idle();
  }

  /**
   * Closes the channels of running engines, which then write a checkpoint and exit, and waits for that. An engine that takes longer
   * than `patience` milliseconds stays marked as running; the next start takes it over. Close the store after this.
   */
  async close(patience = 60_000): Promise<void> {
    await this.#executor.close(patience);
    this.#news.close();
  }
}
