import { setTimeout as delay } from 'node:timers/promises';
import { toErrorReport } from '../../shared/errors.ts';
import type { Lane } from '../../shared/jobs.ts';
import type { LibraryPaths } from '../files/library.ts';
import type { JobRow } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { jobPathsIn } from './folder/layout.ts';
import { collectGarbage } from './garbage.ts';
import { isGone } from './ingestor.ts';
import type { EngineLauncher, EngineProcess } from './launcher.ts';
import type { News } from './news.ts';
import { decide, lanes, type QueuedJob } from './queue.ts';
import { beginRecovery } from './recovery.ts';
import { Spools } from './spools.ts';
import { writeStart } from './start.ts';
import { superviseEngine, type SupervisionTimes } from './supervisor.ts';

export interface ExecutorOptions {
  home: string;
  store: Store;
  library: LibraryPaths;
  launcher: EngineLauncher;
  times: SupervisionTimes;
  news: News;
  removeManifests: ((manifests: readonly string[], living: readonly string[]) => Promise<void>) | undefined;
  onProblem: (message: string) => void;
}

/** What a lane is busy with. */
interface Active {
  job: string;
  /** Undefined while its process is being started. */
  engine: EngineProcess | undefined;
  /** To be ended without a checkpoint as soon as there is a process. */
  forced: boolean;
  done: Promise<void>;
}

/** Runs what is queued: one job at a time in each lane, from its start file to its true last state. */
export class JobExecutor {
  readonly #options: ExecutorOptions;
  readonly #store: Store;
  readonly #spools: Spools;
  readonly #active = new Map<Lane, Active>();
  /** Queued jobs that are not to be started. */
  readonly #held = new Set<string>();
  #pumping: Promise<void> = Promise.resolve();
  /** The job between the look at its inputs and its place in a lane. */
  #starting: string | undefined;
  #collecting: Promise<void> = Promise.resolve();
  #retry: Promise<void> | undefined;
  #closing = false;

  constructor(options: ExecutorOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#spools = new Spools({ ...options, onSurplus: (job) => this.collectGarbage(job) });
  }

  get closing(): boolean {
    return this.#closing;
  }

  /** Leaves queued jobs where they are. */
  hold(ids: readonly string[]): void {
    for (const id of ids) this.#held.add(id);
  }

  /** Whether the job was held; it is not any more. */
  release(id: string): boolean {
    return this.#held.delete(id);
  }

  /**
   * Makes the states of jobs true that the last host left running. Those whose engine is gone are settled when this resolves; a lane
   * whose old engine still saves its work opens once that is gone.
   */
  async recover(left: readonly JobRow[]): Promise<void> {
    const { store, library, times, news, onProblem } = this.#options;
    const isClosing = () => this.#closing;
    const recoveries = left.map((job) => {
      const paths = jobPathsIn(library, job.id);
      const ingestor = this.#spools.ingestorOf(job.id);
      const { done, ready } = beginRecovery({ store, job, paths, ingestor, times, onProblem, isClosing });
      const told = () => news.publishJob(job.id);
      return { lane: job.lane, done: done.then(told), ready: ready.then(told) };
    });
    for (const lane of lanes) {
      const ofLane = recoveries.filter((recovery) => recovery.lane === lane).map(({ done }) => done);
      if (ofLane.length > 0)
        this.#occupy(lane, {
          job: '',
          engine: undefined,
          forced: false,
          done: Promise.all(ofLane).then(() => undefined),
        });
    }
    // Usually all are gone: whoever opens then sees how they ended.
    await Promise.all(recoveries.map(({ ready }) => ready));
  }

  /** Looks into the queue; calls follow one another, so that no job is started twice. */
  pump(): void {
    this.#pumping = this.#pumping.then(async () => {
      // A job that ended unstarted may be what a job of the other lane waited for.
      for (let again = true; again;) {
        again = false;
        for (const lane of lanes) if (await this.#fillOrRetry(lane)) again = true;
      }
    });
  }

  /** Does some work during which no queued job is started. */
  exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#pumping.then(work);
    this.#pumping = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  /** Asks the engine of a job to save and end, or with `force` ends it. Nothing happens to a job without one. */
  stopEngine(id: string, force: boolean): void {
    const active = [...this.#active.values()].find(({ job }) => job === id);
    if (active === undefined) return;
    active.forced ||= force;
    if (force) active.engine?.kill();
    else active.engine?.send({ type: 'stop' });
  }

  /**
   * Removes files that no row names; only while no other engine runs or is being started, which might just have written the same content.
   * What cannot be removed stays noted for the next time, and is said.
   */
  collectGarbage(except?: string): Promise<void> {
    this.#collecting = this.#collecting
      .then(async () => {
        if (this.#starting !== undefined || [...this.#active.values()].some(({ job }) => job !== except)) return;
        await collectGarbage(this.#store, this.#options.library, this.#options.removeManifests);
      })
      .catch(this.#say);
    return this.#collecting;
  }

  /** Resolves when no job is queued or running that could go on by itself. */
  async idle(): Promise<void> {
    while (!this.#closing) {
      await this.#pumping;
      const awaited = [...this.#active.values()].map(({ done }) => done);
      if (this.#retry !== undefined) awaited.push(this.#retry);
      if (awaited.length === 0) return;
      await Promise.race(awaited);
    }
  }

  /** Closes the channels of running engines and waits for their end, `patience` milliseconds at most. */
  async close(patience: number): Promise<void> {
    this.#closing = true;
    await this.#pumping;
    for (const { engine } of this.#active.values()) engine?.disconnect();
    const all = Promise.all([...this.#active.values()].map(({ done }) => done));
    const timer = new AbortController();
    await Promise.race([all, delay(patience, undefined, { signal: timer.signal }).catch(() => undefined)]);
    timer.abort();
  }

  #occupy(lane: Lane, active: Active): void {
    this.#active.set(lane, active);
    active.done = active.done.catch(this.#say).finally(() => {
      this.#active.delete(lane);
      this.pump();
    });
  }

  readonly #say = (thrown: unknown): void => {
    this.#options.onProblem(toErrorReport(thrown).detail);
  };

  /** As `#fill`; a library that cannot be written for a while must not let a lane stand still for ever. */
  async #fillOrRetry(lane: Lane): Promise<boolean> {
    try {
      return await this.#fill(lane);
    } catch (thrown) {
      this.#say(thrown);
      if (!this.#closing && !isGone(thrown))
        this.#retry ??= delay(this.#options.times.retryMilliseconds, undefined, { ref: false }).then(() => {
          this.#retry = undefined;
          this.pump();
        });
      return false;
    }
  }

  /** Starts what can be started in a lane. Returns whether a job ended without having been started. */
  async #fill(lane: Lane): Promise<boolean> {
    let unstarted = false;
    while (!this.#closing && !this.#active.has(lane)) {
      const queue: QueuedJob[] = [];
      for (const job of await this.#store.supervision.jobsInState(['queued']))
        if (job.lane === lane && !this.#held.has(job.id))
          queue.push({ ...job, dependencies: await this.#store.supervision.dependencies(job.id) });
      const decision = decide(queue, lane);
      if (decision.action === 'wait') {
        if (this.#active.size === 0) await this.collectGarbage();
        break;
      }
      if (decision.action === 'fail') {
        await this.#store.supervision.failQueued(decision.id, { code: 'PREDECESSOR_FAILED', detail: decision.detail });
        await this.#options.news.publishJob(decision.id);
        unstarted = true;
      } else {
        this.#starting = decision.id;
        try {
          // Its inputs are looked for, and its outputs begun, when no file is being removed.
          await this.#collecting;
          if (!(await this.#start(decision.id, lane))) unstarted = true;
        } finally {
          this.#starting = undefined;
        }
      }
    }
    return unstarted;
  }

  /** Returns whether the job runs. */
  async #start(id: string, lane: Lane): Promise<boolean> {
    const { home, library, launcher, times, news, onProblem } = this.#options;
    const paths = jobPathsIn(library, id);
    try {
      await writeStart(this.#store, library, id);
    } catch (thrown) {
      await this.#store.supervision.failQueued(id, toErrorReport(thrown));
      await news.publishJob(id);
      return false;
    }
    // What did not begin before the end stays queued.
    if (this.#closing || !(await this.#store.supervision.markRunning(id))) return false;
    const told = news.publishJob(id);
    const active: Active = { job: id, engine: undefined, forced: false, done: Promise.resolve() };
    active.done = superviseEngine({
      store: this.#store,
      home,
      job: id,
      paths,
      launcher,
      ingestor: this.#spools.ingestorOf(id),
      times,
      onProblem,
      isClosing: () => this.#closing,
      onRunning: (engine) => {
        active.engine = engine;
        if (active.forced) engine.kill();
        else if (this.#closing) engine.disconnect();
        // A stop that came while the process was being started was not sent to anyone.
        else void this.#repeatStop(id, engine);
      },
    }).then(() => news.publishJob(id));
    this.#occupy(lane, active);
    await told;
    return true;
  }

  async #repeatStop(id: string, engine: EngineProcess): Promise<void> {
    const job = await this.#store.getJob(id).catch(() => undefined);
    if (job?.state === 'stopping') engine.send({ type: 'stop' });
  }
}
