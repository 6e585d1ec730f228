import { type GraphBuilder } from '../../graph/builder.ts';
import { type Value } from '../../graph/graph.ts';
import { slicedAlong } from '../../graph/shaping.ts';
import { type CallOf, joined, madeBy } from './patterns.ts';

/** Columns `start` up to `start + length` of joined columns, and what they hold: for looked-up rows the table, for equal rows one. */
export interface Part {
  value: Value;
  start: number;
  length: number;
}

/** What the columns of a matrix are: rows that are all equal, rows looked up in small tables by the same indices, others. */
export interface Columns {
  equal: Part[];
  lookUps: { indices: Value; parts: Part[] }[];
  others: Part[];
}

/** A lookup pays where at least half of the rows repeat others. */
export function paysLookUp(tableRows: number, rows: number): boolean {
  return 2 * tableRows <= rows;
}

/** Table and indices of rows [rows, n] looked up in a small table. */
export function lookUpOf(value: Value): { table: Value; indices: Value } | undefined {
  const gather = madeBy(value, 'Gather');
  const [table, indices] = gather?.inputs ?? [];
  if (gather?.operation.axis !== 0 || table?.shape.length !== 2 || indices?.shape.length !== 1) return undefined;
  return paysLookUp(table.shape[0] ?? 0, value.shape[0] ?? 0) ? { table, indices } : undefined;
}

/** The row [1, n] that a matrix repeats. */
function equalRowOf(value: Value): Value | undefined {
  const [row] = madeBy(value, 'BroadcastTo')?.inputs ?? [];
  return row?.shape.length === 2 && row.shape[0] === 1 && row.shape[1] === value.shape[1] ? row : undefined;
}

/** The parts of matrices joined by their columns; undefined for anything else. */
export function columnsOf(x: Value): Columns | undefined {
  const concat: CallOf<'Concat'> | undefined = madeBy(x, 'Concat');
  if (concat?.operation.axis !== 1 || x.shape.length !== 2) return undefined;
  const columns: Columns = { equal: [], lookUps: [], others: [] };
  let start = 0;
  for (const value of concat.inputs) {
    const length = value.shape[1] ?? 0;
    const row = equalRowOf(value);
    const lookUp = lookUpOf(value);
    if (row !== undefined) columns.equal.push({ value: row, start, length });
    else if (lookUp !== undefined) {
      const { table, indices } = lookUp;
      const part = { value: table, start, length };
      const group = columns.lookUps.find((other) => other.indices === indices);
      const alike = group?.parts[0]?.value.shape[0] === table.shape[0];
      if (group !== undefined && alike) group.parts.push(part);
      else columns.lookUps.push({ indices, parts: [part] });
    } else columns.others.push({ value, start, length });
    start += length;
  }
  return columns;
}

/** The parts' values side by side. */
export function joinedColumns(build: GraphBuilder, parts: readonly Part[]): Value {
  return joined(
    build,
    parts.map(({ value }) => value),
    1,
  );
}

/** What of a weight goes with these columns: `axis` is that of the weight's inputs. */
export function weightOf(build: GraphBuilder, weight: Value, axis: number, parts: readonly Part[]): Value {
  return joined(
    build,
    parts.map(({ start, length }) => slicedAlong(build, weight, axis, start, length)),
    axis,
  );
}
