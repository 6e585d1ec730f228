import type { HostEvent } from '../../shared/contract.ts';
import { toErrorReport, type ErrorReport } from '../../shared/errors.ts';
import { jobConfigurationSchemas } from '../../shared/jobs.ts';
import type { CheckpointRecord, DatasetRecord, JobDetail, JobRecord, RunRecord } from '../../shared/records.ts';
import type { Connection, RendererClient } from './client.ts';
import { LibraryIndex } from './libraryIndex.ts';
import { Gathered } from './gathered.ts';

/** Events are gathered for so long before the state changes: a fast run must not redraw lists at every step. */
const gatherFor = 100;
/** So many that reading one takes less than a frame. */
const pageSize = 100;

/**
 * What the library holds, live: lists are asked for when the connection opens, and events keep them true. All lists are newest first
 * and replaced as a whole when something in them changed, so that `$derived` follows; a record that did not change stays the same object.
 */
export class Library {
  connection: Connection = $state.raw({ state: 'connecting' });
  /** False until the first lists have come. */
  loaded: boolean = $state(false);
  /** False while older jobs and runs are still being read. */
  complete: boolean = $state(false);
  /** Why the lists could not be read, though the host is there. */
  failure: ErrorReport | undefined = $state.raw();
  jobs: readonly JobRecord[] = $state.raw([]);
  runs: readonly RunRecord[] = $state.raw([]);
  datasets: readonly DatasetRecord[] = $state.raw([]);
  checkpoints: readonly CheckpointRecord[] = $state.raw([]);

  readonly client: RendererClient;
  readonly #index = new LibraryIndex();
  /** Events that arrive while lists are on their way are applied after them. */
  #held: HostEvent[] | undefined;
  readonly #publishing = new Gathered(gatherFor, () => {
    this.#publish();
  });
  readonly #asking = new Gathered(gatherFor, (ids) => {
    for (const id of ids) void this.#askForRun(id);
  });

  constructor(client: RendererClient) {
    this.client = client;
    client.subscribe((event) => {
      if (this.#held === undefined) this.#apply(event);
      else this.#held.push(event);
    });
    client.onConnection((connection) => {
      this.connection = connection;
      if (connection.state === 'open') void this.refresh();
    });
  }

  job(id: string): JobRecord | undefined {
    return this.jobs.find((job) => job.id === id);
  }

  run(id: string): RunRecord | undefined {
    return this.runs.find((run) => run.id === id);
  }

  checkpoint(id: string): CheckpointRecord | undefined {
    return this.checkpoints.find((checkpoint) => checkpoint.id === id);
  }

  dataset(id: string): DatasetRecord | undefined {
    return this.datasets.find((dataset) => dataset.id === id);
  }

  /** Reads every list again; long ones a page at a time, newest first, so that the window shows something at once. */
  async refresh(): Promise<void> {
    const held: HostEvent[] = [];
    this.#held = held;
    try {
      const [jobs, runs, datasets, checkpoints] = await Promise.all([
        this.client.request('jobs.list', { limit: pageSize }),
        this.client.request('runs.list', { limit: pageSize }),
        this.client.request('datasets.list', {}),
        this.client.request('checkpoints.list', {}),
      ]);
      if (this.#held !== held) return;
      const lists = { jobs, runs, datasets, checkpoints };
      this.#index.fill(lists);
      this.complete = jobs.length < pageSize && runs.length < pageSize;
      this.#publish();
      this.failure = undefined;
      this.loaded = true;
      if (!this.complete) {
        const all = await Promise.all([
          remaining(jobs, (page) => this.client.request('jobs.list', page)),
          remaining(runs, (page) => this.client.request('runs.list', page)),
        ]);
        // Something else may have begun to read anew while these came.
        if (this.#held !== held) return;
        this.#index.fill({ ...lists, jobs: all[0], runs: all[1] });
        this.complete = true;
      }
      this.#held = undefined;
      for (const event of held) this.#apply(event);
      this.#publish();
    } catch (thrown) {
      if (this.#held !== held) return;
      this.#held = undefined;
      const report = toErrorReport(thrown);
      if (report.code !== 'HOST_GONE') this.failure = report;
    }
  }

  #apply(event: HostEvent): void {
    const missing = this.#index.apply(event);
    if (missing !== undefined) this.#asking.add(missing);
    if (this.#index.changed.size > 0) this.#publishing.add('');
  }

  async #askForRun(id: string): Promise<void> {
    try {
      const run = runOfDetail(await this.client.request('jobs.get', { id }));
      if (run === undefined) return;
      this.#index.setRun(run);
      this.#publishing.add('');
    } catch {
      // Deleted meanwhile, or the host is gone: the next lists tell.
    }
  }

  #publish(): void {
    const { changed } = this.#index;
    const lists = this.#index.lists(changed);
    changed.clear();
    if (lists.jobs !== undefined) this.jobs = lists.jobs;
    if (lists.runs !== undefined) this.runs = lists.runs;
    if (lists.datasets !== undefined) this.datasets = lists.datasets;
    if (lists.checkpoints !== undefined) this.checkpoints = lists.checkpoints;
  }
}

function runOfDetail(detail: JobDetail): RunRecord | undefined {
  const config = jobConfigurationSchemas.train.safeParse(detail.config);
  if (detail.job.kind !== 'train' || !config.success) return undefined;
  return { ...detail.job, kind: 'train', config: config.data, metrics: detail.metrics, notes: detail.notes };
}

/** All of a list whose newest page is given. */
async function remaining<Value extends { id: string }>(
  first: readonly Value[],
  read: (page: { limit: number; before: string }) => Promise<Value[]>,
): Promise<readonly Value[]> {
  const all = [...first];
  for (let page = first; page.length === pageSize;) {
    const last = page.at(-1);
    if (last === undefined) break;
    page = await read({ limit: pageSize, before: last.id });
    all.push(...page);
  }
  return all;
}
