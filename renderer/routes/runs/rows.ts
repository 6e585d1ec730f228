import type { RunRecord } from '../../../shared/records.ts';
import { columnOf, defaultColumns, type Names, type SortKey } from './columns.ts';
import { matches, parseQuery } from './query.ts';

export interface Sorting {
  column: string;
  descending: boolean;
}

/** What the table shows; it lives in the page's address, and a saved view is such an address with a name. */
export interface TableView {
  query: string;
  /** Undefined: newest first. */
  sorting: Sorting | undefined;
  columns: readonly string[];
}

/** The rows that fit the query, in order. The order of `runs` stands where no column is sorted by, and among equals. */
export function rowsOf(runs: readonly RunRecord[], view: TableView, names: Names): readonly RunRecord[] {
  const conditions = parseQuery(view.query);
  const kept = conditions.length === 0 ? runs : runs.filter((run) => matches(run, conditions, names));
  const column = view.sorting === undefined ? undefined : columnOf(view.sorting.column);
  if (column === undefined || view.sorting === undefined) return kept;
  const sign = view.sorting.descending ? -1 : 1;
  return kept
    .map((run) => ({ run, key: column.key(run, names) }))
    .sort((left, right) => compareKeys(left.key, right.key, sign))
    .map(({ run }) => run);
}

/** Nothing sorts after everything, in both directions. */
function compareKeys(left: SortKey, right: SortKey, sign: number): number {
  if (left === null || right === null) return left === right ? 0 : left === null ? 1 : -1;
  if (left === right) return 0;
  return left < right ? -sign : sign;
}

/** What a click on a heading does: ascending, descending, newest first again. Numbers begin with the largest. */
export function nextSorting(sorting: Sorting | undefined, column: string, numeric: boolean): Sorting | undefined {
  if (sorting?.column !== column) return { column, descending: numeric };
  return sorting.descending === numeric ? { column, descending: !numeric } : undefined;
}

/** Entries of the address; undefined ones are defaults and left out. */
export function viewToQuery({ query, sorting, columns }: TableView): Record<'q' | 'sort' | 'cols', string | undefined> {
  const text = columns.join(',');
  return {
    q: query === '' ? undefined : query,
    sort: sorting === undefined ? undefined : `${sorting.descending ? '-' : ''}${sorting.column}`,
    cols: text === defaultColumns.join(',') ? undefined : text,
  };
}

/** A view from the address; what no column is called is left out. */
export function viewFromQuery(entry: (key: string) => string | undefined): TableView {
  const sort = entry('sort') ?? '';
  const column = sort.replace(/^-/, '');
  const columns = (entry('cols') ?? '').split(',').filter((id) => columnOf(id) !== undefined);
  return {
    query: entry('q') ?? '',
    sorting: columnOf(column) === undefined ? undefined : { column, descending: sort.startsWith('-') },
    columns: columns.length === 0 ? defaultColumns : [...new Set(columns)],
  };
}
