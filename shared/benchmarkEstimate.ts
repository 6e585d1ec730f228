import { architectureOfSize, type Architecture } from './architecture.ts';
import type { RunConfiguration } from './configuration.ts';
import type { BenchmarkRecord, BenchmarkWork } from './device.ts';
import { operationsOf, updateOperations } from './operations.ts';

/** What a run should take, told from what a benchmark found here. */
export interface BenchmarkEstimate {
  secondsPerStep: number;
  trainingSeconds: number;
  /** The figure that the update's time comes from, and how many times its operations an update has. */
  from: BenchmarkRecord;
  factor: number;
}

type Computing = Pick<RunConfiguration, 'backend' | 'threads'>;

/** Those that a backend left in its newest benchmark here; for `auto`, what auto meant then. */
export function newestFigures(
  figures: readonly BenchmarkRecord[],
  { backend, threads }: Computing,
  work: BenchmarkWork,
): BenchmarkRecord[] {
  const fitting = figures.filter(
    (figure) =>
      figure.here &&
      figure.work === work &&
      (backend === 'auto' ? figure.automatic : figure.backend === backend) &&
      // Eager wasm has one thread whatever is asked for.
      (threads === 0 || threads === figure.threads || figure.backend === 'wasm'),
  );
  // Newest first.
  const newest = fitting[0]?.benchmark;
  return fitting.filter(({ benchmark }) => benchmark === newest);
}

/** The figure whose work is nearest to so many operations, and how many times its operations they are. */
function nearest(
  figures: readonly BenchmarkRecord[],
  operations: number,
): { from: BenchmarkRecord; factor: number } | undefined {
  let best: { from: BenchmarkRecord; factor: number } | undefined;
  for (const from of figures) {
    const factor = operations / operationsOf(from.work, architectureOfSize(from.size), from.batchSize);
    if (best === undefined || Math.abs(Math.log(factor)) < Math.abs(Math.log(best.factor))) best = { from, factor };
  }
  return best;
}

/**
 * Time of an update by the newest benchmark of the run's backend on this machine (`figures` newest first), scaled by the operations
 * of its matrix products from the nearest size and batch that was measured. Undefined where nothing was measured.
 */
export function estimateByBenchmark(
  configuration: Pick<RunConfiguration, 'student' | 'batchSize' | 'steps' | 'hyperparameters'> & Computing,
  figures: readonly BenchmarkRecord[],
): BenchmarkEstimate | undefined {
  const { student, batchSize, steps, hyperparameters } = configuration;
  const architecture = architectureOfSize(student.size, student.numQ);
  const operations = updateOperations(architecture, batchSize, hyperparameters.horizon);
  const found = nearest(newestFigures(figures, configuration, 'update'), operations);
  if (found === undefined) return undefined;
  const secondsPerStep = (found.from.milliseconds / 1000) * found.factor;
  return { ...found, secondsPerStep, trainingSeconds: secondsPerStep * steps };
}

/** Seconds in which a teacher labels so many rows, in the same way. */
export function labelSecondsByBenchmark(
  teacher: Architecture,
  rows: number,
  computing: Computing,
  figures: readonly BenchmarkRecord[],
): number | undefined {
  const found = nearest(newestFigures(figures, computing, 'label'), operationsOf('label', teacher, rows));
  return found === undefined ? undefined : (found.from.milliseconds / 1000) * found.factor;
}
