import { sizeOfArchitecture } from '../../shared/architecture.ts';
import type { CheckpointRecord, DatasetRecord } from '../../shared/records.ts';
import { formatBytes, formatCount, formatNumber, formatTable } from './format.ts';

/** "5M" or "custom". */
export function sizeText({ facts }: CheckpointRecord): string {
  const size = sizeOfArchitecture(facts.architecture);
  return size === undefined ? 'custom' : `${size}M`;
}

export function describeCheckpoint(checkpoint: CheckpointRecord): string {
  const { facts, run, step } = checkpoint;
  const from = run === null ? 'imported' : `run ${run}, step ${formatCount(step ?? 0)}`;
  const layout = facts.layout === undefined ? '' : `, layout ${facts.layout}`;
  return [
    `checkpoint ${checkpoint.id}  ${checkpoint.name}${checkpoint.pinned ? '  (pinned)' : ''}`,
    `  size        ${sizeText(checkpoint)}, ${formatCount(facts.parameters)} parameters, ${facts.architecture.numQ} Qs`,
    `  precision   ${facts.precision}, ${formatBytes(facts.bytes)}${layout}`,
    `  from        ${from}${facts.trainingState ? ', with training state' : ''}`,
    `  sha256      ${facts.sha256}`,
    ...facts.warnings.map((warning) => `  warning     ${warning}`),
    '',
  ].join('\n');
}

/** "teacher big: 1,234 of 345,000 rows labelled". */
export function describeLabels({ teacherName, done, total }: DatasetRecord['labels'][number]): string {
  return `teacher ${teacherName}: ${formatCount(done)} of ${formatCount(total)} rows labelled`;
}

export function describeDataset(dataset: DatasetRecord): string {
  const { facts } = dataset;
  const rows = facts.tasks.map(({ name, episodes, returns }) => [
    name,
    formatCount(episodes),
    formatNumber(returns.min),
    formatNumber(returns.mean),
    formatNumber(returns.max),
  ]);
  return [
    `dataset ${dataset.id}  ${dataset.name}  (version ${dataset.version})`,
    `  episodes    ${formatCount(facts.episodes)} of ${facts.episodeLength} entries, ${formatBytes(facts.bytes)}`,
    `  transitions ${formatCount(facts.transitions)}`,
    `  from        ${facts.lineage.source}: ${facts.lineage.description}`,
    `  manifest    ${facts.manifest}`,
    ...dataset.labels.map((label) => `  labels      ${describeLabels(label)}`),
    formatTable(['  task', 'episodes', 'lowest return', 'mean return', 'highest return'], rows.map(indentFirst)),
  ].join('\n');
}

function indentFirst([first = '', ...others]: string[]): string[] {
  return [`  ${first}`, ...others];
}
