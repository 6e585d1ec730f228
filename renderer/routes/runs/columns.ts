import { metricCatalogue, type MetricName } from '../../../shared/metrics.ts';
import type { RunRecord } from '../../../shared/records.ts';
import { distillationCoefficient } from '../../format/configuration.ts';
import { absent, formatCount, formatNumber } from '../../format/numbers.ts';
import { formatDuration, formatExactTime, formatShortTime } from '../../format/times.ts';

/** Names of what runs refer to, by id. */
export type Names = ReadonlyMap<string, string>;

export type SortKey = string | number | null;

export interface Column {
  id: string;
  title: string;
  /** Said when hovering the heading. */
  description: string;
  /** Pixels; the name takes what is left. */
  width: number;
  numeric: boolean;
  /** What the column sorts by; null sorts last in both directions. */
  key: (run: RunRecord, names: Names) => SortKey;
  text: (run: RunRecord, names: Names, now: number) => string;
  /** Every digit, for hovering. */
  exact?: (run: RunRecord, names: Names, now: number) => string;
}

/** A reference as people know it: the name where it is an id of the library. */
function named(reference: string | undefined, names: Names): string | null {
  if (reference === undefined) return null;
  return names.get(reference) ?? reference;
}

function textColumn(
  id: string,
  title: string,
  width: number,
  value: (run: RunRecord, names: Names) => string | null,
  description = title,
): Column {
  return {
    id,
    title,
    description,
    width,
    numeric: false,
    key: (run, names) => value(run, names)?.toLowerCase() ?? null,
    text: (run, names) => value(run, names) ?? absent,
  };
}

function numberColumn(
  id: string,
  title: string,
  width: number,
  value: (run: RunRecord) => number | null | undefined,
  { description = title, format = formatCount }: { description?: string; format?: (value: number) => string } = {},
): Column {
  return {
    id,
    title,
    description,
    width,
    numeric: true,
    key: (run) => {
      const number = value(run);
      return number === null || number === undefined || Number.isNaN(number) ? null : number;
    },
    text: (run) => {
      const number = value(run);
      return number === null || number === undefined ? absent : format(number);
    },
    exact: (run) => String(value(run) ?? absent),
  };
}

function timeColumn(id: string, title: string, value: (run: RunRecord) => string | null): Column {
  return {
    id,
    title,
    description: title,
    width: 104,
    numeric: false,
    key: value,
    text: (run) => formatShortTime(value(run), Date.now()),
    exact: (run) => formatExactTime(value(run)),
  };
}

/** Milliseconds of the present attempt; undefined before its start. */
export function durationOf(run: RunRecord, now: number): number | undefined {
  if (run.startedAt === null) return undefined;
  return (run.endedAt === null ? now : Date.parse(run.endedAt)) - Date.parse(run.startedAt);
}

const fixedColumns: readonly Column[] = [
  textColumn('state', 'State', 116, ({ state }) => state),
  textColumn('name', 'Name', 128, ({ name }) => name),
  textColumn('method', 'Method', 72, ({ config }) => config.method),
  textColumn('teacher', 'Teacher', 92, ({ config }, names) => named(config.teacher, names)),
  textColumn('dataset', 'Dataset', 80, ({ config }, names) => named(config.dataset, names)),
  numberColumn('d_coef', 'd_coef', 68, ({ config }) => distillationCoefficient(config), {
    description: 'Distillation coefficient',
    format: formatNumber,
  }),
  numberColumn('batch', 'Batch', 68, ({ config }) => config.batchSize, { description: 'Batch size, sequences' }),
  numberColumn('steps', 'Steps', 76, ({ config }) => config.steps, { description: 'Updates asked for' }),
  numberColumn('step', 'Step', 76, ({ step }) => step, { description: 'Updates done' }),
  timeColumn('started', 'Started', ({ startedAt }) => startedAt),
  {
    id: 'duration',
    title: 'Duration',
    description: 'Time since the present attempt began, or that it took',
    width: 96,
    numeric: true,
    key: (run) => durationOf(run, Date.now()) ?? null,
    text: (run, _names, now) => formatDuration(durationOf(run, now)),
  },
  textColumn('tags', 'Tags', 112, ({ tags }) => (tags.length === 0 ? null : tags.join(', '))),
  textColumn('notes', 'Notes', 160, ({ notes }) => (notes === '' ? null : notes)),
  timeColumn('created', 'Created', ({ createdAt }) => createdAt),
  timeColumn('ended', 'Ended', ({ endedAt }) => endedAt),
  numberColumn('seed', 'Seed', 60, ({ config }) => config.seed, { format: String }),
  numberColumn('size', 'Size', 60, ({ config }) => config.student.size, {
    description: 'Student size, million parameters',
  }),
  textColumn('backend', 'Backend', 88, ({ backend }) => backend),
  textColumn('device', 'Device', 140, ({ device }) => device),
  textColumn('group', 'Group', 112, ({ group }) => group),
  textColumn('id', 'Id', 112, ({ id }) => id),
];

/** Whether less is better; undefined where no value is better than another. */
function better(metric: string): 'min' | 'max' | undefined {
  if (metric === 'stepsPerSecond') return 'max';
  return /Loss$|Mse$|Error$/.test(metric) ? 'min' : undefined;
}

const metricColumns: readonly Column[] = (Object.keys(metricCatalogue) as MetricName[]).flatMap((metric) => {
  const meta: { title: string; unit?: string } = metricCatalogue[metric];
  const unit = meta.unit === undefined ? '' : `, ${meta.unit}`;
  const side = better(metric);
  const column = (kind: 'last' | 'best', pick: 'last' | 'min' | 'max'): Column =>
    numberColumn(
      `${kind}.${metric}`,
      `${kind === 'last' ? 'Last' : 'Best'} ${shortTitle(metric)}`,
      shortTitle(metric).length > 12 ? 132 : 100,
      (run) => run.metrics[metric]?.[pick],
      {
        description: `${meta.title}${unit}, ${kind}`,
        format: formatNumber,
      },
    );
  return side === undefined ? [column('last', 'last')] : [column('last', 'last'), column('best', side)];
});

/** "weightedValueLoss" → "weighted value loss": narrow enough for a heading. */
function shortTitle(metric: string): string {
  return metric.replace('Mse', 'Error').replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

export const columns: readonly Column[] = [...fixedColumns, ...metricColumns];
const byId = new Map(columns.map((column) => [column.id, column]));

export function columnOf(id: string): Column | undefined {
  return byId.get(id);
}

export const defaultColumns: readonly string[] = [
  'state',
  'name',
  'method',
  'teacher',
  'dataset',
  'd_coef',
  'batch',
  'steps',
  'last.totalLoss',
  'best.teacherStudentMse',
  'started',
  'duration',
  'tags',
  'notes',
];

/** The mark before the columns, in pixels. */
export const markWidth = 32;

/** Which default columns a narrow table goes without, the first to go first. */
const dispensable: readonly string[] = ['notes', 'tags', 'method', 'batch'];

/** The default columns for a table of so many pixels: without sideways scrolling wherever leaving out some of them avoids it. */
export function defaultColumnsWithin(width: number): readonly string[] {
  let kept = defaultColumns;
  for (const id of dispensable) {
    if (markWidth + kept.reduce((sum, one) => sum + (columnOf(one)?.width ?? 0), 0) <= width) break;
    kept = kept.filter((one) => one !== id);
  }
  return kept;
}
