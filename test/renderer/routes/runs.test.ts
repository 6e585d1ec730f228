import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runConfigurationSchema } from '../../../shared/configuration.ts';
import type { RunRecord } from '../../../shared/records.ts';
import {
  columnOf,
  columns,
  defaultColumns,
  defaultColumnsWithin,
  markWidth,
} from '../../../renderer/routes/runs/columns.ts';
import { parseQuery } from '../../../renderer/routes/runs/query.ts';
import { nextSorting, rowsOf, viewFromQuery, viewToQuery } from '../../../renderer/routes/runs/rows.ts';
import { runRecord } from '../../support/records.ts';

function run(id: string, changes: Partial<RunRecord> = {}, config: object = {}): RunRecord {
  return runRecord(id, {
    name: `run ${id}`,
    state: 'finished',
    step: 10,
    steps: 10,
    startedAt: '2026-01-01T00:00:00.000Z',
    endedAt: '2026-01-01T00:01:00.000Z',
    config: runConfigurationSchema.parse({ method: 'distil', dataset: 'd-1', teacher: 'c-1', ...config }),
    ...changes,
  });
}

const names = new Map([
  ['d-1', 'walker'],
  ['c-1', 'Big Teacher'],
]);
const loss = (last: number): RunRecord['metrics'] => ({ totalLoss: { last, lastStep: 1, min: last - 1, max: last } });
const runs = [
  run('a', { state: 'failed', tags: ['night', 'best'], metrics: loss(2) }, { distillation: { coefficient: 0.9 } }),
  run('b', { notes: 'looks GOOD', metrics: loss(Number.NaN) }, { seed: 3, hyperparameters: { lr: 0.001 } }),
  run('c', { metrics: loss(1) }, { method: 'scratch', teacher: undefined, batchSize: 1024 }),
];
const found = (query: string): string[] =>
  rowsOf(runs, { query, sorting: undefined, columns: defaultColumns }, names).map(({ id }) => id);

describe('the search box', () => {
  test.each([
    ['', 'a b c'],
    ['good', 'b'],
    ['RUN walker', 'a b c'],
    ['teacher:"big teacher"', 'a b'],
    ['state:failed', 'a'],
    ['-state:failed', 'b c'],
    ['tag:night', 'a'],
    ['d_coef>=0.4', 'a b'],
    ['d_coef<0.5', 'b'],
    ['batch=1024', 'c'],
    ['seed:3', 'b'],
    ['seed:', 'a b c'],
    ['hyperparameters.lr:0.001', 'b'],
    ['hyperparameters.lr<0.0005 method:distil', 'a'],
    ['last.totalLoss<2', 'c'],
    ['best.totalLoss:0', 'c'],
    ['nothing.like.this:1', ''],
    ['constructor:x', ''],
    ['-', ''],
    ['"', 'a b c'],
  ])('%s finds %s', (query, expected) => {
    expect(found(query).join(' ')).toBe(expected);
  });

  test('takes whatever is typed', () => {
    fc.assert(
      fc.property(fc.string(), (query) => {
        expect(found(query).length).toBeLessThanOrEqual(runs.length);
        expect(parseQuery(`${query} `)).toEqual(parseQuery(query.includes('"') ? `${query} ` : query));
      }),
    );
  });
});

describe('sorting', () => {
  const sorted = (column: string, descending: boolean): string =>
    rowsOf(runs, { query: '', sorting: { column, descending }, columns: defaultColumns }, names)
      .map(({ id }) => id)
      .join(' ');

  test('puts what has no value last in both directions', () => {
    expect(sorted('last.totalLoss', false)).toBe('c a b');
    expect(sorted('last.totalLoss', true)).toBe('a c b');
    expect(sorted('d_coef', true)).toBe('a b c');
    expect(sorted('name', true)).toBe('c b a');
  });

  test('a heading goes through both directions and back', () => {
    const first = nextSorting(undefined, 'steps', true);
    expect(first).toEqual({ column: 'steps', descending: true });
    const second = nextSorting(first, 'steps', true);
    expect(second).toEqual({ column: 'steps', descending: false });
    expect(nextSorting(second, 'steps', true)).toBeUndefined();
    expect(nextSorting(first, 'name', false)).toEqual({ column: 'name', descending: false });
  });
});

test('a view goes through the address unchanged', () => {
  const ids = columns.map(({ id }) => id);
  fc.assert(
    fc.property(
      fc.string(),
      fc.option(fc.record({ column: fc.constantFrom(...ids), descending: fc.boolean() }), { nil: undefined }),
      fc.uniqueArray(fc.constantFrom(...ids), { minLength: 1 }),
      (query, sorting, chosen) => {
        const view = { query, sorting, columns: chosen };
        const address = viewToQuery(view);
        expect(viewFromQuery((key) => address[key as keyof typeof address])).toEqual(view);
      },
    ),
  );
  expect(viewFromQuery(() => 'nonsense')).toEqual({ query: 'nonsense', sorting: undefined, columns: defaultColumns });
});

test('columns say what they show', () => {
  const text = (id: string, index: number): string | undefined => {
    const [column, one] = [columnOf(id), runs[index]];
    return one === undefined ? undefined : column?.text(one, names, Date.parse('2026-01-01T00:00:30.000Z'));
  };
  expect(text('teacher', 0)).toBe('Big Teacher');
  expect(text('teacher', 2)).toBe('–');
  expect(text('d_coef', 0)).toBe('0.9');
  expect(text('duration', 0)).toBe('1 min');
  expect(text('best.totalLoss', 0)).toBe('1');
  expect(columnOf('best.scale')).toBeUndefined();
  expect(new Set(columns.map(({ id }) => id)).size).toBe(columns.length);
});

test('a narrow window goes without the columns that matter least', () => {
  const widthOf = (ids: readonly string[]): number =>
    markWidth + ids.reduce((sum, id) => sum + (columnOf(id)?.width ?? Number.NaN), 0);
  // A window of 1280 pixels, less what stands around the table.
  const narrow = defaultColumnsWithin(1030);
  expect(widthOf(narrow)).toBeLessThanOrEqual(1030);
  expect(narrow).toEqual(expect.arrayContaining(['state', 'name', 'd_coef', 'last.totalLoss', 'duration']));
  expect(narrow).not.toContain('notes');
  expect(defaultColumnsWithin(widthOf(defaultColumns))).toEqual(defaultColumns);
  expect(defaultColumnsWithin(widthOf(defaultColumns) - 1)).toEqual(defaultColumns.filter((id) => id !== 'notes'));
});
