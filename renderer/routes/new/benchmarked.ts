import type { CheckpointRecord, DatasetRecord } from '../../../shared/records.ts';
import {
  estimateByBenchmark,
  labelSecondsByBenchmark,
  type BenchmarkEstimate,
} from '../../../shared/benchmarkEstimate.ts';
import { distillationTerms, runConfigurationSchema, type RunConfiguration } from '../../../shared/configuration.ts';
import { disturbance, type BenchmarkRecord } from '../../../shared/device.ts';
import type { Draft } from '../../forms/entries.ts';
import { formatNumber } from '../../format/numbers.ts';
import { formatExactTime } from '../../format/times.ts';
import { workTitle } from '../device/benchmarks.ts';

/** What the form can tell of a run before anything of it is measured. */
export interface Benchmarked extends BenchmarkEstimate {
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
  const estimate = estimateByBenchmark(checked.data, figures);
  return estimate && { ...estimate, labels: labelsOf(checked.data, figures, entries) };
}

function labelsOf(
  configuration: RunConfiguration,
  figures: readonly BenchmarkRecord[],
  { datasets, checkpoints }: Entries,
): Benchmarked['labels'] {
  const { labels, steps, batchSize, hyperparameters } = configuration;
  const terms = distillationTerms(configuration);
  const dataset = datasets.find(({ id, name }) => id === configuration.dataset || name === configuration.dataset);
  const teacher = checkpoints.find(({ id, name }) => id === configuration.teacher || name === configuration.teacher);
  if (terms.length === 0) return { rows: 0, seconds: 0 };
  if (labels !== 'cached' || dataset === undefined || teacher === undefined) return undefined;
  const done = dataset.labels.find((count) => count.teacher === teacher.id);
  const unlabelled = done === undefined ? dataset.facts.transitions : done.total - done.done;
  const drawn = steps * batchSize * (terms.some((term) => term.steps === 'all') ? hyperparameters.horizon : 1);
  const rows = Math.min(drawn, unlabelled);
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
  return `By the benchmark of ${formatExactTime(from.at).slice(0, 16)} on ${from.device}: ${work}${scaled}.${busy} Estimate measures this run itself.`;
}
