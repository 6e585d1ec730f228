import type { HostEvent } from '../../shared/contract.ts';
import type { CheckpointRecord, DatasetRecord, JobRecord, RunRecord } from '../../shared/records.ts';
import { hasEnded, runWithJob, runWithMetrics } from './records.ts';

export interface LibraryLists {
  jobs: readonly JobRecord[];
  runs: readonly RunRecord[];
  datasets: readonly DatasetRecord[];
  checkpoints: readonly CheckpointRecord[];
}

export type ListName = keyof LibraryLists;

/** The library's records by id, kept true by events. What changed since it was last asked is in `changed`. */
export class LibraryIndex {
  readonly changed = new Set<ListName>();
  readonly #jobs = new Map<string, JobRecord>();
  readonly #runs = new Map<string, RunRecord>();
  readonly #datasets = new Map<string, DatasetRecord>();
  readonly #checkpoints = new Map<string, CheckpointRecord>();

  fill(lists: LibraryLists): void {
    replace(this.#jobs, lists.jobs);
    replace(this.#runs, lists.runs);
    replace(this.#datasets, lists.datasets);
    replace(this.#checkpoints, lists.checkpoints);
    for (const name of ['jobs', 'runs', 'datasets', 'checkpoints'] as const) this.changed.add(name);
  }

  /** The lists that are wanted, newest first. */
  lists(wanted: ReadonlySet<ListName>): Partial<LibraryLists> {
    return {
      ...(wanted.has('jobs') && { jobs: newestJobs(this.#jobs) }),
      ...(wanted.has('runs') && { runs: newestJobs(this.#runs) }),
      ...(wanted.has('datasets') && { datasets: sorted(this.#datasets) }),
      ...(wanted.has('checkpoints') && { checkpoints: sorted(this.#checkpoints) }),
    };
  }

  /** Takes one event in. Returns the id of a run whose full record must be asked for, since the event does not hold it. */
  apply(event: HostEvent): string | undefined {
    switch (event.type) {
      case 'job':
        return this.#applyJob(event.job);
      case 'metrics': {
        const run = this.#runs.get(event.id);
        if (run === undefined) return event.id;
        this.#runs.set(event.id, runWithMetrics(run, event.step, event.values));
        this.changed.add('runs');
        // No job event comes for each step: the job's own record follows from here.
        const job = this.#jobs.get(event.id);
        if (job !== undefined && event.step > (job.step ?? 0)) {
          this.#jobs.set(event.id, { ...job, step: event.step });
          this.changed.add('jobs');
        }
        return undefined;
      }
      case 'checkpoint':
        this.#checkpoints.set(event.checkpoint.id, event.checkpoint);
        this.changed.add('checkpoints');
        return undefined;
      case 'dataset':
        this.#datasets.set(event.dataset.id, event.dataset);
        this.changed.add('datasets');
        return undefined;
      case 'deleted':
        if (this.#jobs.delete(event.id)) this.changed.add('jobs');
        if (this.#runs.delete(event.id)) this.changed.add('runs');
        if (this.#datasets.delete(event.id)) this.changed.add('datasets');
        if (this.#checkpoints.delete(event.id)) this.changed.add('checkpoints');
        return undefined;
      case 'message':
        return undefined;
    }
  }

  /** A run's full record, as asked for; the job's newer part, known from events, wins. */
  setRun(run: RunRecord): void {
    const job = this.#jobs.get(run.id);
    if (job === undefined) return;
    this.#runs.set(run.id, runWithJob(run, job));
    this.changed.add('runs');
  }

  #applyJob(job: JobRecord): string | undefined {
    const before = this.#jobs.get(job.id);
    this.#jobs.set(job.id, job);
    this.changed.add('jobs');
    if (job.kind !== 'train') return undefined;
    const run = this.#runs.get(job.id);
    if (run !== undefined) {
      this.#runs.set(job.id, runWithJob(run, job));
      this.changed.add('runs');
    }
    // A job event holds neither configuration, notes nor metrics: they are asked for when they are new or may have changed.
    const still = before?.state === job.state && before.step === job.step && before.progress === null;
    return run === undefined || still || hasEnded(job) ? job.id : undefined;
  }
}

function replace<Value extends { id: string }>(map: Map<string, Value>, values: readonly Value[]): void {
  map.clear();
  for (const value of values) map.set(value.id, value);
}

/** Newest first, as the host lists; those of a chain were all made at one instant. */
function newestJobs<Value extends { ordinal: number }>(map: ReadonlyMap<string, Value>): readonly Value[] {
  return [...map.values()].sort((left, right) => right.ordinal - left.ordinal);
}

/** Newest first. */
function sorted<Value extends { createdAt: string; id: string }>(map: ReadonlyMap<string, Value>): readonly Value[] {
  // Instants and ids are plain ASCII: comparing by locale would take ten times as long, at every event.
  return [...map.values()].sort((left, right) => after(left.createdAt, right.createdAt) || after(left.id, right.id));
}

function after(left: string, right: string): number {
  return left < right ? 1 : left > right ? -1 : 0;
}
