import { setTimeout as delay } from 'node:timers/promises';
import type { BundledRun } from '../../shared/bundle.ts';
import { toErrorReport } from '../../shared/errors.ts';
import type { Lane } from '../../shared/jobs.ts';
import type { LibraryPaths } from '../files/library.ts';
import type { JobRow } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { jobPathsIn } from './folder/layout.ts';
import { collectGarbage } from './garbage.ts';
import { SpoolIngestor } from './ingestor.ts';
import type { EngineLauncher, EngineProcess } from './launcher.ts';
import type { News } from './news.ts';
import { decide, lanes, type QueuedJob } from './queue.ts';
import { writeStart } from './start.ts';
import { recoverJob, settleForSure, superviseEngine, type SupervisionTimes } from './supervisor.ts';

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
  engine: EngineProcess | undefined;
  done: Promise<void>;
}

/** Runs what is queued: one job at a time in each lane, from its start file to its true last state. */
export class JobExecutor {
  readonly #options: ExecutorOptions;
  readonly #store: Store;
  readonly #active = new Map<Lane, Active>();
  /** Queued jobs that are not to be started. */
  readonly #held = new Set<string>();
  #pumping: Promise<void> = Promise.resolve();
  #closing = false;

  constructor(options: ExecutorOptions) {
    this.#options = options;
    this.#store = options.store;
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
    const recoveries = left.map((job) => {
      const paths = jobPathsIn(library, job.id);
      const ingestor = this.#ingestorOf(job.id, paths.spool);
      const isClosing = () => this.#closing;
      const done = recoverJob({ store, job, paths, ingestor, times, onProblem, isClosing }).then(() =>
        news.publishJob(job.id),
      );
      return { lane: job.lane, done };
    });
    for (const lane of lanes) {
      const ofLane = recoveries.filter((recovery) => recovery.lane === lane).map(({ done }) => done);
      if (ofLane.length > 0)
        this.#occupy(lane, { job: '', engine: undefined, done: Promise.all(ofLane).then(() => undefined) });
    }
    // Usually all are gone: whoever opens then sees how they ended.
    const patience = delay(times.recoveryMilliseconds, undefined, { ref: false });
    await Promise.race([Promise.all(recoveries.map(({ done }) => done)), patience]);
  }

  /** Looks into the queue; calls follow one another, so that no job is started twice. */
  pump(): void {
    this.#pumping = this.#pumping
      .then(async () => {
        for (const lane of lanes) await this.#fill(lane);
      })
      .catch((thrown: unknown) => {
        this.#options.onProblem(toErrorReport(thrown).detail);
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
    if (force) active?.engine?.kill();
    else active?.engine?.send({ type: 'stop' });
  }

  /** Removes files that no row names; only while no other engine runs, which might just have written the same content. */
  async collectGarbage(except?: string): Promise<void> {
    if ([...this.#active.values()].some(({ job }) => job !== except)) return;
    await collectGarbage(this.#store, this.#options.library, this.#options.removeManifests);
  }

  /** Resolves when no job is queued or running that could go on by itself. */
  async idle(): Promise<void> {
    while (!this.#closing) {
      await this.#pumping;
      if (this.#active.size === 0) return;
      await Promise.race([...this.#active.values()].map(({ done }) => done));
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

  #ingestorOf(job: string, spool: string): SpoolIngestor {
    const { news, onProblem } = this.#options;
    return new SpoolIngestor({
      store: this.#store,
      job,
      spool,
      onProblem,
      onRuns: async (runs) => {
        for (const run of runs) await this.#adopt(run);
      },
      onIngested: (ingested) => {
        news
          .publishIngested(job, ingested)
          .then(async () => {
            if (ingested.removedCheckpoints.length > 0) await this.collectGarbage(job);
          })
          .catch((thrown: unknown) => {
            onProblem(toErrorReport(thrown).detail);
          });
      },
    });
  }

  /** A run that came as a bundle is marked as running until its spool is taken over: a start after a crash then goes on with that. */
  async #adopt(run: BundledRun): Promise<void> {
    const { library, news, onProblem, times } = this.#options;
    await settleForSure({ onProblem, times }, async () => {
      await this.#ingestorOf(run.id, jobPathsIn(library, run.id).spool).all();
      await this.#store.finishRun(run);
    });
    await news.publishJob(run.id);
  }

  #occupy(lane: Lane, active: Active): void {
    this.#active.set(lane, active);
    active.done = active.done
      .catch((thrown: unknown) => {
        this.#options.onProblem(toErrorReport(thrown).detail);
      })
      .finally(() => {
        this.#active.delete(lane);
        this.pump();
      });
  }

  async #fill(lane: Lane): Promise<void> {
    while (!this.#closing && !this.#active.has(lane)) {
      const queue: QueuedJob[] = [];
      for (const job of await this.#store.supervision.jobsInState(['queued']))
        if (job.lane === lane && !this.#held.has(job.id))
          queue.push({ ...job, dependencies: await this.#store.supervision.dependencies(job.id) });
      const decision = decide(queue, lane);
      if (decision.action === 'wait') {
        if (this.#active.size === 0) await this.collectGarbage();
        return;
      }
      if (decision.action === 'fail') {
        await this.#store.supervision.failQueued(decision.id, { code: 'PREDECESSOR_FAILED', detail: decision.detail });
        await this.#options.news.publishJob(decision.id);
      } else await this.#start(decision.id, lane);
    }
  }

  async #start(id: string, lane: Lane): Promise<void> {
    const { home, library, launcher, times, news, onProblem } = this.#options;
    const paths = jobPathsIn(library, id);
    try {
      await writeStart(this.#store, library, id);
    } catch (thrown) {
      await this.#store.supervision.failQueued(id, toErrorReport(thrown));
      await news.publishJob(id);
      return;
    }
    if (!(await this.#store.supervision.markRunning(id))) return;
    await news.publishJob(id);
    const active: Active = { job: id, engine: undefined, done: Promise.resolve() };
    active.done = superviseEngine({
      store: this.#store,
      home,
      job: id,
      paths,
      launcher,
      ingestor: this.#ingestorOf(id, paths.spool),
      times,
      onProblem,
      isClosing: () => this.#closing,
      onRunning: (engine) => {
        active.engine = engine;
        if (this.#closing) engine.disconnect();
        // A stop that came while the process was being started was not sent to anyone.
        else void this.#repeatStop(id, engine);
      },
    }).then(() => news.publishJob(id));
    this.#occupy(lane, active);
  }

  async #repeatStop(id: string, engine: EngineProcess): Promise<void> {
    const job = await this.#store.getJob(id).catch(() => undefined);
    if (job?.state === 'stopping') engine.send({ type: 'stop' });
  }
}
