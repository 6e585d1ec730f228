import { setTimeout as delay } from 'node:timers/promises';
import type { HostEvent } from '../../shared/contract.ts';
import { DecantError, toErrorReport } from '../../shared/errors.ts';
import { type JobKind, type Lane } from '../../shared/jobs.ts';
import { libraryPaths, type LibraryPaths } from '../files/library.ts';
import type { Ingested } from '../store/ingest.ts';
import type { EntityKind } from '../store/references.ts';
import type { Store } from '../store/store.ts';
import { prepareJobs, type JobRequest } from './enqueue.ts';
import { writeStartFile } from './folder/files.ts';
import { jobPathsIn } from './folder/layout.ts';
import { collectGarbage } from './garbage.ts';
import { SpoolIngestor } from './ingestor.ts';
import { checkConfiguration, inputReferences, resolveInput, startInputs, verifyTargets } from './inputs.ts';
import type { EngineLauncher, EngineProcess } from './launcher.ts';
import { decide, lanes, type QueuedJob } from './queue.ts';
import { findResumePoint } from './resume.ts';
import { defaultTimes, recoverJob, superviseEngine, type SupervisionTimes } from './supervisor.ts';

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

interface Active {
  job: string;
  engine: EngineProcess | undefined;
  done: Promise<void>;
}

/**
 * The queue: starts engines, takes their spools over, keeps states true. One job runs at a time in each lane.
 * Enqueue, stop, resume and delete return once the change is in the library.
 */
export class JobService {
  readonly #options: JobServiceOptions;
  readonly #store: Store;
  readonly #library: LibraryPaths;
  readonly #times: SupervisionTimes;
  readonly #listeners = new Set<(event: HostEvent) => void>();
  readonly #active = new Map<Lane, Active>();
  /** Queued jobs that are not to be started. */
  readonly #held = new Set<string>();
  #pumping: Promise<void> = Promise.resolve();
  #closing = false;

  private constructor(options: JobServiceOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#library = libraryPaths(options.home);
    this.#times = { ...defaultTimes, ...options.times };
  }

  /**
   * Starts the service: first makes the states of jobs true that the last host left running. Those whose engine is gone are settled when
   * this resolves; a lane whose old engine still saves its work opens once that is gone.
   */
  static async open(options: JobServiceOptions): Promise<JobService> {
    const service = new JobService(options);
    if (options.holdQueued === true)
      for (const { id } of await options.store.jobsInState(['queued'])) service.#held.add(id);
    const left = await options.store.jobsInState(['running', 'stopping']);
    const recoveries = left.map((job) => {
      const paths = jobPathsIn(service.#library, job.id);
      const ingestor = service.#ingestorOf(job.id, paths.spool);
      const done = recoverJob({
        store: options.store,
        job,
        paths,
        ingestor,
        times: service.#times,
        onProblem: service.#problem,
        isClosing: () => service.#closing,
      }).then(() => service.#publishJob(job.id));
      return { lane: job.lane, done };
    });
    for (const lane of lanes) {
      const ofLane = recoveries.filter((recovery) => recovery.lane === lane).map(({ done }) => done);
      if (ofLane.length > 0)
        service.#occupy(lane, { job: '', engine: undefined, done: Promise.all(ofLane).then(() => undefined) });
    }
    // Usually all are gone: whoever opens then sees only true states. One that still saves must not keep the window waiting.
    await Promise.race([Promise.all(recoveries.map(({ done }) => done)), delay(1000, undefined, { ref: false })]);
    service.#pump();
    return service;
  }

  /** Events of all jobs, in the order in which the library changed. Returns a function that ends the subscription. */
  onChange(listener: (event: HostEvent) => void): () => void {
    const entry = (event: HostEvent): void => {
      listener(event);
    };
    this.#listeners.add(entry);
    return () => {
      this.#listeners.delete(entry);
    };
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
    if (this.#closing) throw new DecantError('HOST_GONE', 'Decant is closing');
    const prepared = await prepareJobs(this.#store, this.#library, this.#options.codeVersion, requests);
    await this.#store.insertJobs(prepared);
    for (const { id } of prepared) await this.#publishJob(id);
    this.#pump();
    return prepared.map(({ id }) => id);
  }

  /**
   * Stops a job: a queued one at once, a running one after its engine wrote a checkpoint. With `force` the engine is ended without one.
   * Nothing happens to a job that has ended. Errors: NOT_FOUND.
   */
  async stop(id: string, options: { force?: boolean } = {}): Promise<void> {
    const state = await this.#store.requestStop(id);
    const active = [...this.#active.values()].find(({ job }) => job === id);
    if (state === 'stopping') {
      if (options.force === true) active?.engine?.kill();
      else active?.engine?.send({ type: 'stop' });
    }
    await this.#publishJob(id);
    this.#pump();
  }

  /** Queues a stopped, failed or interrupted job again; it goes on from its newest whole checkpoint. Errors: NOT_FOUND, NOT_RESUMABLE. */
  async resume(id: string): Promise<void> {
    if (!this.#held.delete(id)) await this.#store.requeue(id);
    await this.#publishJob(id);
    this.#pump();
  }

  /** Deletes an entry of the library with its files. Returns the ids that went. Errors: NOT_FOUND, IN_USE. */
  async delete(kind: EntityKind, id: string): Promise<string[]> {
    const removed = await this.#store.deleteEntry(kind, id);
    for (const gone of removed) this.#publish({ type: 'deleted', id: gone });
    await this.#collectGarbage();
    return removed;
  }

  /** Resolves when no job is queued or running that could go on by itself. */
  async idle(): Promise<void> {
    while (!this.#closing) {
      await this.#pumping;
      if (this.#active.size === 0) return;
      await Promise.race([...this.#active.values()].map(({ done }) => done));
    }
  }

  /**
   * Closes the channels of running engines, which then write a checkpoint and exit, and waits for that. An engine that takes longer
   * than `patience` milliseconds stays marked as running; the next start takes it over. Close the store after this.
   */
  async close(patience = 60_000): Promise<void> {
    this.#closing = true;
    await this.#pumping;
    for (const { engine } of this.#active.values()) engine?.disconnect();
    const all = Promise.all([...this.#active.values()].map(({ done }) => done));
    const timer = new AbortController();
    await Promise.race([all, delay(patience, undefined, { signal: timer.signal }).catch(() => undefined)]);
    timer.abort();
    this.#listeners.clear();
  }

  readonly #problem = (message: string): void => {
    this.#options.onProblem?.(message);
  };

  #publish(event: HostEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  async #publishJob(id: string): Promise<void> {
    try {
      this.#publish({ type: 'job', job: await this.#store.getJob(id) });
    } catch (thrown) {
      // Deleted meanwhile, or the library is closed: nobody to tell.
      if (!(thrown instanceof DecantError)) throw thrown;
    }
  }

  #ingestorOf(job: string, spool: string): SpoolIngestor {
    return new SpoolIngestor({
      store: this.#store,
      job,
      spool,
      onProblem: this.#problem,
      onIngested: (ingested) => {
        this.#announce(job, ingested).catch((thrown: unknown) => {
          this.#problem(toErrorReport(thrown).detail);
        });
      },
    });
  }

  async #announce(job: string, ingested: Ingested): Promise<void> {
    if (ingested.step !== null)
      this.#publish({ type: 'metrics', id: job, step: ingested.step, values: ingested.values });
    for (const message of ingested.messages) this.#publish({ type: 'message', id: job, ...message });
    for (const id of ingested.removedCheckpoints) this.#publish({ type: 'deleted', id });
    for (const id of ingested.checkpoints)
      if (!ingested.removedCheckpoints.includes(id))
        this.#publish({ type: 'checkpoint', checkpoint: await this.#store.getCheckpoint(id) });
    for (const id of ingested.datasets) this.#publish({ type: 'dataset', dataset: await this.#store.getDataset(id) });
    if (ingested.changed) await this.#publishJob(job);
    if (ingested.removedCheckpoints.length > 0) await this.#collectGarbage(job);
  }

  /** Files go only while no other engine runs, which might just have written the same content. */
  async #collectGarbage(except?: string): Promise<void> {
    if ([...this.#active.values()].some(({ job }) => job !== except)) return;
    await collectGarbage(this.#store, this.#library, this.#options.removeManifests);
  }

  #occupy(lane: Lane, active: Active): void {
    this.#active.set(lane, active);
    active.done = active.done
      .catch((thrown: unknown) => {
        this.#problem(toErrorReport(thrown).detail);
      })
      .finally(() => {
        this.#active.delete(lane);
        this.#pump();
      });
  }

  /** Looks into the queue; calls follow one another, so that no job is started twice. */
  #pump(): void {
    this.#pumping = this.#pumping
      .then(async () => {
        for (const lane of lanes) await this.#fill(lane);
      })
      .catch((thrown: unknown) => {
        this.#problem(toErrorReport(thrown).detail);
      });
  }

  async #fill(lane: Lane): Promise<void> {
    while (!this.#closing && !this.#active.has(lane)) {
      const queue: QueuedJob[] = [];
      for (const job of await this.#store.jobsInState(['queued']))
        if (job.lane === lane && !this.#held.has(job.id))
          queue.push({ ...job, dependencies: await this.#store.dependencies(job.id) });
      const decision = decide(queue, lane);
      if (decision.action === 'wait') {
        if (this.#active.size === 0) await this.#collectGarbage();
        return;
      }
      if (decision.action === 'fail') {
        await this.#store.failQueued(decision.id, { code: 'PREDECESSOR_FAILED', detail: decision.detail });
        await this.#publishJob(decision.id);
      } else await this.#start(decision.id, lane);
    }
  }

  async #start(id: string, lane: Lane): Promise<void> {
    const paths = jobPathsIn(this.#library, id);
    try {
      await this.#writeStart(id);
    } catch (thrown) {
      await this.#store.failQueued(id, toErrorReport(thrown));
      await this.#publishJob(id);
      return;
    }
    if (!(await this.#store.markRunning(id))) return;
    await this.#publishJob(id);
    const active: Active = { job: id, engine: undefined, done: Promise.resolve() };
    active.done = superviseEngine({
      store: this.#store,
      home: this.#options.home,
      job: id,
      paths,
      launcher: this.#options.launcher,
      ingestor: this.#ingestorOf(id, paths.spool),
      times: this.#times,
      onProblem: this.#problem,
      isClosing: () => this.#closing,
      onRunning: (engine) => {
        active.engine = engine;
        if (this.#closing) engine.disconnect();
        // A stop that came while the process was being started was not sent to anyone.
        else void this.#repeatStop(id, engine);
      },
    }).then(() => this.#publishJob(id));
    this.#occupy(lane, active);
  }

  async #repeatStop(id: string, engine: EngineProcess): Promise<void> {
    const job = await this.#store.getJob(id).catch(() => undefined);
    if (job?.state === 'stopping') engine.send({ type: 'stop' });
  }

  /** Says in start.json where the inputs lie and where to go on. */
  async #writeStart(id: string): Promise<void> {
    const row = await this.#store.getJobRow(id);
    const checked = checkConfiguration(row.kind, row.configuration);
    const known = await this.#store.jobInputs(id);
    const missing = inputReferences(checked).filter(({ key }) => !known.some((input) => input.key === key));
    const found = await Promise.all(missing.map((reference) => resolveInput(this.#store, reference)));
    await this.#store.recordInputs(id, found);
    const resume =
      row.kind === 'train' && row.attempt > 1 ? await findResumePoint(this.#store, this.#library, id) : undefined;
    await writeStartFile(jobPathsIn(this.#library, id), {
      attempt: row.attempt,
      ...(await startInputs(this.#store, this.#library, [...known, ...found])),
      verify: checked.kind === 'verify' ? await verifyTargets(this.#store, checked.configuration.id) : [],
      resume,
    });
  }
}
