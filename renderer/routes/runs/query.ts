import type { RunRecord } from '../../../shared/records.ts';
import { columnOf, type Names } from './columns.ts';

/**
 * What is written into the search box: words that must all occur in name, id, tags, notes, teacher or dataset; `column:text` for one
 * column or one entry of the configuration (`state:failed`, `seed:3`, `hyperparameters.lr:0.0003`), with `=`, `<`, `<=`, `>`, `>=` for
 * numbers (`d_coef>=0.4`), and `-` before either for the opposite. Quotes hold words together.
 */
export type Condition = { negative: boolean } & (
  | { kind: 'word'; text: string }
  | { kind: 'text'; column: string; text: string }
  | { kind: 'number'; column: string; operator: Operator; value: number }
);

type Operator = '=' | '<' | '<=' | '>' | '>=';

const condition = /^([A-Za-z_][\w.]*)(:|<=|>=|=|<|>)(.*)$/;

export function parseQuery(query: string): Condition[] {
  const words = [...query.matchAll(/(?:[^\s"]|"[^"]*(?:"|$))+/g)].map(([word]) => word.replaceAll('"', ''));
  return words.flatMap((word): Condition[] => {
    const negative = word.startsWith('-') && word.length > 1;
    const rest = (negative ? word.slice(1) : word).toLowerCase();
    const [, , sign, text] = condition.exec(rest) ?? [];
    // Configuration entries are in camel case: the column keeps the case it was written in.
    const column = condition.exec(negative ? word.slice(1) : word)?.[1];
    if (column === undefined || sign === undefined || text === undefined)
      return rest === '' ? [] : [{ negative, kind: 'word', text: rest }];
    // Half-written: nothing is filtered out while someone types.
    if (text === '') return [];
    if (sign === ':') return [{ negative, kind: 'text', column, text }];
    const value = Number(text);
    return Number.isNaN(value)
      ? [{ negative, kind: 'text', column, text }]
      : [{ negative, kind: 'number', column, operator: sign as Operator, value }];
  });
}

export function matches(run: RunRecord, conditions: readonly Condition[], names: Names): boolean {
  return conditions.every((one) => meets(run, one, names) !== one.negative);
}

function meets(run: RunRecord, one: Condition, names: Names): boolean {
  if (one.kind === 'word') return searchedText(run, names).includes(one.text);
  const value = valueOf(run, one.column, names);
  if (value === null) return false;
  if (one.kind === 'text') {
    const text = String(value).toLowerCase();
    return typeof value === 'number' || typeof value === 'boolean' ? text === one.text : text.includes(one.text);
  }
  const number = typeof value === 'number' ? value : Number.NaN;
  switch (one.operator) {
    case '=':
      return number === one.value;
    case '<':
      return number < one.value;
    case '<=':
      return number <= one.value;
    case '>':
      return number > one.value;
    case '>=':
      return number >= one.value;
  }
}

/** A column's value, or an entry of the configuration; null where there is none. */
function valueOf(run: RunRecord, column: string, names: Names): string | number | boolean | null {
  const known = columnOf(column) ?? columnOf(column === 'tag' ? 'tags' : column.toLowerCase());
  if (known !== undefined) return known.key(run, names);
  let value: unknown = run.config;
  for (const key of column.split('.'))
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

const texts = new WeakMap<RunRecord, { names: Names; text: string }>();

/** Made once for each record: it is asked for at every key that is pressed. */
function searchedText(run: RunRecord, names: Names): string {
  const known = texts.get(run);
  if (known?.names === names) return known.text;
  const text = ['name', 'id', 'tags', 'notes', 'teacher', 'dataset', 'state', 'method']
    .map((id) => columnOf(id)?.key(run, names) ?? '')
    .join('\n')
    .toLowerCase();
  texts.set(run, { names, text });
  return text;
}
