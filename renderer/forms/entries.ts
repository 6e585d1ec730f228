import type { FormField } from './fields.ts';

/** A configuration as it was written: right or wrong, and only what was given. Values are JSON. */
export type Draft = Readonly<Record<string, unknown>>;

export function isDraft(value: unknown): value is Draft {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What stands at a path; undefined where nothing does. */
export function entryAt(draft: unknown, path: readonly string[]): unknown {
  let current = draft;
  for (const key of path) {
    if (!isDraft(current) || !Object.hasOwn(current, key)) return undefined;
    current = current[key];
  }
  return current;
}

/** A copy with another value at a path; undefined takes the entry out, and objects that become empty with it. */
export function withEntry(draft: Draft, path: readonly string[], value: unknown): Draft {
  const [key, ...rest] = path;
  if (key === undefined) return draft;
  const { [key]: before, ...others } = draft;
  const after = rest.length === 0 ? value : withEntry(isDraft(before) ? before : {}, rest, value);
  if (after === undefined) return others;
  if (rest.length > 0 && isDraft(after) && Object.keys(after).length === 0) return others;
  // An entry keeps its place among the others.
  return key in draft
    ? Object.fromEntries(Object.entries(draft).map(([name, old]) => [name, name === key ? after : old]))
    : { ...others, [key]: after };
}

/**
 * What a person typed into a field, as the value it stands for. Nothing typed is nothing given. What is no number stays the text it is, so
 * that it is neither lost nor taken for something else: the schema then names it as wrong.
 */
export function valueOfTyped(field: FormField, typed: string): unknown {
  const text = typed.trim();
  if (field.kind === 'text') return typed === '' ? undefined : typed;
  if (text === '') return undefined;
  if (field.kind === 'choice') return field.choices.find((choice) => String(choice) === text) ?? text;
  if (field.kind === 'flag') return text === 'true' ? true : text === 'false' ? false : text;
  // Decimal notation alone: "0x10" and " " are numbers to JavaScript, not to people.
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text)) ? Number(text) : typed;
}

/** How a value looks in a field: the value given, else the default, else nothing. */
export function typedOfValue(field: FormField, value: unknown): string {
  const shown = value === undefined ? field.fallback : value;
  if (shown === undefined) return '';
  return typeof shown === 'string' ? shown : JSON.stringify(shown);
}

/** Entries in the order of the form, so that the text reads as the form does; what the form does not know comes last. */
export function inFormOrder(draft: Draft, fields: readonly FormField[], prefix: readonly string[] = []): Draft {
  const depth = prefix.length;
  const under = fields.filter(({ path }) => path.length > depth && prefix.every((key, index) => path[index] === key));
  const order = [...new Set(under.map(({ path }) => path[depth]))];
  const rank = (key: string): number => (order.includes(key) ? order.indexOf(key) : order.length);
  return Object.fromEntries(
    Object.entries(draft)
      .sort(([left], [right]) => rank(left) - rank(right))
      .map(([key, value]) => [key, isDraft(value) ? inFormOrder(value, fields, [...prefix, key]) : value]),
  );
}

/** Without the entries that say what is the default anyway. */
export function withoutDefaults(draft: Draft, fields: readonly FormField[]): Draft {
  let result = draft;
  for (const { path, fallback } of fields)
    if (fallback !== undefined && entryAt(result, path) === fallback) result = withEntry(result, path, undefined);
  return result;
}
