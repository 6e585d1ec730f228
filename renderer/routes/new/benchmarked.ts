import {
  estimateByBenchmark,
  labelSecondsByBenchmark,
  type BenchmarkEstimate,
} from '../../../shared/benchmarkEstimate.ts';
import { distillationTerms, runConfigurationSchema, type RunConfiguration } from '../../../shared/configuration.ts';
import { disturbance, type BenchmarkRecord } from '../../../shared/device.ts';
import type { CheckpointRecord, DatasetRecord } from '../../../shared/records.ts';
import type { Draft } from '../../forms/entries.ts';
import { formatNumber } from '../../format/numbers.ts';
import { formatExactTime } from '../../format/times.ts';
import { workTitle } from '../device/benchmarks.ts';

/** What the form can tell of a run before anything of it is measured. */
export interface Benchmarked extends BenchmarkEstimate {
  /** The part of an update in which a teacher labels on the fly. */
  teacherSecondsPerStep: number;
  /** Rows that may need a label, at most, and the time for them; undefined where that is not known before the run is measured. */
  labels: { rows: number; seconds: number } | undefined;
}

interface Entries {
  datasets: readonly DatasetRecord[];
  checkpoints: readonly CheckpointRecord[];
}

/** Undefined where nothing was measured here by the run's backend, or where the draft is no configuration yet. */
export function benchmarked(
  draft: Draft,
  figures: readonly BenchmarkRecord[],
  entries: Entries,
): Benchmarked | undefined {
  // Which data and teacher it is changes nothing about an update.
  const checked = runConfigurationSchema.safeParse({ method: 'distil', dataset: '?', teacher: '?', ...draft });
  if (!checked.success) return undefined;
  const configuration = checked.data;
  const estimate = estimateByBenchmark(configuration, figures);
  const teaching = teachingSeconds(configuration, figures, entries);
  if (estimate === undefined || teaching === undefined) return undefined;
  const secondsPerStep = estimate.secondsPerStep + teaching;
  return {
    ...estimate,
    ...{ secondsPerStep, trainingSeconds: secondsPerStep * configuration.steps },
    teacherSecondsPerStep: teaching,
    labels: labelsOf(configuration, figures, entries),
  };
}

/** Rows of one update that its terms need a teacher's reward of. */
function taughtRows(configuration: RunConfiguration): number {
  const terms = distillationTerms(configuration);
  if (terms.length === 0) return 0;
  const { batchSize, hyperparameters } = configuration;
  return batchSize * (terms.some(({ steps }) => steps === 'all') ? hyperparameters.horizon : 1);
}

function teacherOf({ teacher }: RunConfiguration, { checkpoints }: Entries): CheckpointRecord | undefined {
  return checkpoints.find(({ id, name }) => id === teacher || name === teacher);
}

/** What the teacher adds to each update where it labels on the fly, many times the update itself if it is big; undefined where unknown. */
function teachingSeconds(
  configuration: RunConfiguration,
  figures: readonly BenchmarkRecord[],
  entries: Entries,
): number | undefined {
  const rows = configuration.labels === 'onTheFly' ? taughtRows(configuration) : 0;
  if (rows === 0) return 0;
  const teacher = teacherOf(configuration, entries);
  return teacher && labelSecondsByBenchmark(teacher.facts.architecture, rows, configuration, figures);
}

function labelsOf(
  configuration: RunConfiguration,
  figures: readonly BenchmarkRecord[],
  entries: Entries,
): Benchmarked['labels'] {
  const { labels, steps } = configuration;
  const dataset = entries.datasets.find(
    ({ id, name }) => id === configuration.dataset || name === configuration.dataset,
  );
  const teacher = teacherOf(configuration, entries);
  const perStep = taughtRows(configuration);
  if (perStep === 0 || labels === 'onTheFly') return { rows: 0, seconds: 0 };
  if (dataset === undefined || teacher === undefined) return undefined;
  const done = dataset.labels.find((count) => count.teacher === teacher.id);
  const unlabelled = done === undefined ? dataset.facts.transitions : done.total - done.done;
  const rows = Math.min(steps * perStep, unlabelled);
  if (rows === 0) return { rows, seconds: 0 };
  const seconds = labelSecondsByBenchmark(teacher.facts.architecture, rows, configuration, figures);
  return seconds === undefined ? undefined : { rows, seconds };
}

/** Where the time comes from, in a sentence. */
export function originText({ from, factor }: Benchmarked): string {
  const work = workTitle(from)
    .toLowerCase()
    .replace(/(\d+)m/, '$1M');
  const scaled = Math.abs(factor - 1) < 0.005 ? '' : `, scaled by ${formatNumber(factor, 3)} × its operations`;
  const others = disturbance(from);
  const busy = others === undefined ? '' : ` Other programs kept ${others.toFixed(1)} cores busy then.`;
  return `By the benchmark of ${formatExactTime(from.at).slice(0, 16)}: ${work}${scaled}.${busy} Estimate measures this run itself.`;
}
