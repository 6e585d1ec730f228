import { disturbance, type BenchmarkRecord } from '../../../shared/device.ts';
import type { JobRecord } from '../../../shared/records.ts';
import { plural } from '../../format/numbers.ts';
import { isActive } from '../../host/records.ts';

/** One column of the results: a piece of work. */
export interface WorkColumn {
  key: string;
  title: string;
}

/** What one backend did in one benchmark. */
export interface BenchmarkRow {
  key: string;
  at: string;
  backend: string;
  automatic: boolean;
  device: string;
  here: boolean;
  threads: number;
  codeVersion: string;
  /** Cores that other programs kept busy meanwhile, at the worst figure; undefined where that is nothing to speak of. */
  disturbance: number | undefined;
  /** By the key of their column; what did not fit into the time is absent. */
  figures: ReadonlyMap<string, BenchmarkRecord>;
}

export interface BenchmarkTable {
  columns: readonly WorkColumn[];
  /** Newest first; those of one benchmark in the order in which it measured them. */
  rows: readonly BenchmarkRow[];
  /** The device of all rows, where it is one and of this machine. */
  device: string | undefined;
}

type Work = Pick<BenchmarkRecord, 'work' | 'size' | 'batchSize'>;

const workOrder: readonly BenchmarkRecord['work'][] = ['update', 'plan', 'label'];
const workNames = { update: 'Update', plan: 'Plan', label: 'Labels' } as const;

function keyOf({ work, size, batchSize }: Work): string {
  return `${work} ${size} ${batchSize}`;
}

/** "Update 1M, batch 256". */
export function workTitle({ work, size, batchSize }: Work): string {
  const amount = work === 'plan' ? '' : work === 'label' ? `, ${batchSize} rows` : `, batch ${batchSize}`;
  return `${workNames[work]} ${size}M${amount}`;
}

/** Figures, newest first, as a table with one row for each backend of each benchmark. */
export function benchmarkTable(figures: readonly BenchmarkRecord[]): BenchmarkTable {
  const works = new Map<string, BenchmarkRecord>();
  const benchmarks = new Map<string, Map<string, BenchmarkRecord[]>>();
  for (const figure of figures) {
    works.set(keyOf(figure), figure);
    const backends = benchmarks.get(figure.benchmark) ?? new Map<string, BenchmarkRecord[]>();
    benchmarks.set(figure.benchmark, backends);
    // Oldest first inside a benchmark, as they were measured.
    backends.set(figure.backend, [figure, ...(backends.get(figure.backend) ?? [])]);
  }
  const columns = [...works.values()]
    .toSorted(
      (left, right) =>
        workOrder.indexOf(left.work) - workOrder.indexOf(right.work) ||
        left.size - right.size ||
        left.batchSize - right.batchSize,
    )
    .map((figure) => ({ key: keyOf(figure), title: workTitle(figure) }));
  const rows = [...benchmarks].flatMap(([benchmark, backends]) =>
    [...backends.values()].toReversed().flatMap((found) => {
      const [first] = found;
      return first === undefined ? [] : [rowOf(`${benchmark} ${first.backend}`, first, found)];
    }),
  );
  const [first] = rows;
  const same = rows.every(({ device, here }) => here && device === first?.device);
  return { columns, rows, device: same ? first?.device : undefined };
}

function rowOf(key: string, first: BenchmarkRecord, found: readonly BenchmarkRecord[]): BenchmarkRow {
  const { at, backend, automatic, device, here, threads, codeVersion } = first;
  const figures = new Map(found.map((figure) => [keyOf(figure), figure]));
  const others = Math.max(...found.map((figure) => disturbance(figure) ?? 0));
  return {
    ...{ key, at, backend, automatic, device, here, threads, codeVersion, figures },
    disturbance: others === 0 ? undefined : others,
  };
}

/** What a cell of the table is, or why there is nothing in it. */
export function figureTitle(figure: BenchmarkRecord | undefined): string {
  if (figure === undefined)
    return 'Not measured: it did not fit into the time or the memory, or the benchmark ended before';
  const others = disturbance(figure);
  const busy = others === undefined ? '' : `; other programs kept ${others.toFixed(1)} cores busy meanwhile`;
  return `${figure.milliseconds} ms, median of ${plural(figure.steps, 'step')}${busy}`;
}

/** A benchmark under way: its jobs together. */
export interface BenchmarkProgress {
  /** Those that have not ended, in the order of their turn. */
  active: readonly JobRecord[];
  done: number;
  total: number;
  /** What it waits for, where it has not begun. */
  waiting: boolean;
  stopping: boolean;
  /** Why a backend could not be measured. */
  failed: readonly JobRecord[];
}

/** The newest benchmark's jobs, each an equal part of the bar, though what auto means is measured longest. Undefined where there is none. */
export function progressOf(jobs: readonly JobRecord[]): BenchmarkProgress | undefined {
  const all = jobs.filter(({ kind }) => kind === 'benchmark');
  const newest = all.reduce<JobRecord | undefined>(
    (found, job) => (found === undefined || job.ordinal > found.ordinal ? job : found),
    undefined,
  );
  if (newest === undefined) return undefined;
  const own = all
    .filter(({ group }) => group === newest.group)
    .toSorted((left, right) => left.position - right.position);
  const active = own.filter(isActive);
  const shares = own.map((job) => {
    if (!isActive(job)) return 1;
    return job.progress === null || job.progress.total <= 0 ? 0 : Math.min(1, job.progress.done / job.progress.total);
  });
  return {
    active,
    done: shares.reduce((sum, share) => sum + share, 0),
    total: own.length,
    waiting: active.length === own.length && own.every(({ state }) => state === 'queued'),
    stopping: active.some(({ state }) => state === 'stopping'),
    failed: own.filter(({ error }) => error !== null),
  };
}
