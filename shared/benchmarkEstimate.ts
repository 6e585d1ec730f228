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

/** Whether two models have nets of the same sizes, whatever they are used with. */
function isSameSize(one: Architecture, other: Architecture): boolean {
  const keys = ['encDim', 'mlpDim', 'latentDim', 'numEncLayers'] as const;
  return keys.every((key) => one[key] === other[key]);
}

interface Wanted {
  architecture: Architecture;
  batchSize: number;
  operations: number;
}

/**
 * The figure whose work is most like this, and how many times its operations this has. How fast operations go depends on the size of the products
 * most, then on the batch: so a figure of the same model comes first, then one of the same batch, then the one with the nearest operations.
 */
function nearest(
  figures: readonly BenchmarkRecord[],
  { architecture, batchSize, operations }: Wanted,
): { from: BenchmarkRecord; factor: number } | undefined {
  let best: { from: BenchmarkRecord; factor: number; distance: readonly number[] } | undefined;
  for (const from of figures) {
    const measured = architectureOfSize(from.size);
    const factor = operations / operationsOf(from.work, measured, from.batchSize);
    const distance = [
      isSameSize(measured, architecture) ? 0 : 1,
      from.batchSize === batchSize ? 0 : 1,
      Math.abs(Math.log(factor)),
    ];
    if (best === undefined || isLess(distance, best.distance)) best = { from, factor, distance };
  }
  return best && { from: best.from, factor: best.factor };
}

function isLess(one: readonly number[], other: readonly number[]): boolean {
  const index = one.findIndex((value, place) => value !== other[place]);
  return index >= 0 && (one[index] ?? 0) < (other[index] ?? 0);
}

/**
 * Time of an update by the newest benchmark of the run's backend on this machine (`figures` newest first), scaled by the operations
 * of its matrix products from the measured update that is most like it. Undefined where nothing was measured.
 */
export function estimateByBenchmark(
  configuration: Pick<RunConfiguration, 'student' | 'batchSize' | 'steps' | 'hyperparameters'> & Computing,
  figures: readonly BenchmarkRecord[],
): BenchmarkEstimate | undefined {
  const { student, batchSize, steps, hyperparameters } = configuration;
  const architecture = architectureOfSize(student.size, student.numQ);
  const operations = updateOperations(architecture, batchSize, hyperparameters.horizon);
  const found = nearest(newestFigures(figures, configuration, 'update'), { architecture, batchSize, operations });
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
  const wanted = { architecture: teacher, batchSize: rows, operations: operationsOf('label', teacher, rows) };
  const found = nearest(newestFigures(figures, computing, 'label'), wanted);
  return found === undefined ? undefined : (found.from.milliseconds / 1000) * found.factor;
}
