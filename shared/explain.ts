import type { z } from 'zod';

/** What a value does not keep of a schema, at one place. */
export interface Misfit {
  /** Keys from the outside in; that of an unknown entry includes its own name. Empty for the value as a whole. */
  path: string[];
  /** What was given and what is allowed, without the path. */
  problem: string;
  /** The schema has no entry of this name. */
  unknown?: true;
}

/**
 * Says what a value does not keep of a schema: the key path, what was given and what is allowed. One misfit an issue, in the schema's
 * order; empty when the value fits. Unknown keys are answered with the allowed ones, the most alike first.
 */
export function findMisfits(schema: z.ZodType, value: unknown): Misfit[] {
  const checked = schema.safeParse(value);
  return checked.success ? [] : checked.error.issues.flatMap((issue) => misfitsOfIssue(issue, [], schema, value));
}

/** The misfits as sentences, each beginning with its key path. */
export function explainMisfit(schema: z.ZodType, value: unknown): string[] {
  return findMisfits(schema, value).map(
    ({ path, problem }) => `${path.length === 0 ? 'the configuration' : path.join('.')}: ${problem}`,
  );
}

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

function misfitsOfIssue(issue: Issue, prefix: Path, schema: z.ZodType, value: unknown): Misfit[] {
  const path = [...prefix, ...issue.path];
  const given = valueAt(value, path);
  const got = given === undefined ? 'is missing' : `${show(given)} was given`;
  const one = (problem: string): Misfit[] => [{ path: path.map(String), problem }];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: [...path.map(String), key],
        problem: `there is no such entry; allowed here: ${nearest(key, keysAt(schema, path)).join(', ')}`,
        unknown: true,
      }));
    case 'invalid_value':
      return one(`${got}; allowed: ${issue.values.map(show).join(', ')}`);
    case 'invalid_type':
      return one(`${got}; ${kindOf(issue.expected)} is allowed`);
    case 'too_small':
      return one(`${got}; ${bound('at least', 'more than', issue.minimum, issue.inclusive, issue.origin)}`);
    case 'too_big':
      return one(`${got}; ${bound('at most', 'less than', issue.maximum, issue.inclusive, issue.origin)}`);
    case 'invalid_union':
      return misfitsOfUnion(issue.errors, path, schema, value, got);
    case 'custom':
      return one(`${given === undefined ? '' : `${got}; `}${issue.message}`);
    case 'invalid_format':
    case 'not_multiple_of':
    case 'invalid_key':
    case 'invalid_element':
      return one(`${got}; ${issue.message}`);
  }
}

function misfitsOfUnion(
  branches: readonly (readonly Issue[])[],
  path: Path,
  schema: z.ZodType,
  value: unknown,
  got: string,
): Misfit[] {
  const whole = (problem: string): Misfit[] => [{ path: path.map(String), problem }];
  const values = branches.flatMap((issues) =>
    issues.flatMap((issue) => (issue.code === 'invalid_value' ? issue.values : [])),
  );
  if (branches.length > 0 && branches.every((issues) => issues.length === 1 && issues[0]?.code === 'invalid_value'))
    return whole(`${got}; allowed: ${values.map(show).join(', ')}`);
  const [closest] = [...branches].sort((left, right) => left.length - right.length);
  const explained = (closest ?? []).flatMap((issue) => misfitsOfIssue(issue, path, schema, value));
  return explained.length > 0 ? explained : whole(`${got}, which is not allowed`);
}

function bound(atLeast: string, moreThan: string, limit: number | bigint, inclusive = true, origin = 'number'): string {
  const unit = origin === 'string' ? ' characters' : origin === 'array' ? ' entries' : '';
  return `${inclusive ? atLeast : moreThan} ${limit}${unit} is allowed`;
}

function kindOf(expected: string): string {
  const kinds: Record<string, string> = {
    int: 'a whole number',
    number: 'a number',
    string: 'a text',
    boolean: 'true or false',
    array: 'a list',
    object: 'an object',
  };
  return kinds[expected] ?? expected;
}

function show(value: unknown): string {
  const text = typeof value === 'bigint' || typeof value === 'symbol' ? String(value) : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function valueAt(value: unknown, path: Path): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) return undefined;
    current = Reflect.get(current, key);
  }
  return current;
}

/** The keys that objects at a path of the schema may have; of all branches where it is a union. */
function keysAt(schema: z.core.$ZodType, path: Path): string[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === 'union') return [...new Set(def.options.flatMap((option) => keysAt(option, path)))];
  if ('innerType' in def) return keysAt(def.innerType, path);
  if (def.type === 'array') return path.length === 0 ? [] : keysAt(def.element, path.slice(1));
  if (def.type !== 'object') return [];
  const [key, ...rest] = path;
  if (key === undefined) return Object.keys(def.shape);
  const inner = def.shape[String(key)];
  return inner === undefined ? [] : keysAt(inner, rest);
}

/** The most alike first, by edit distance; never so many that the sentence is lost in them. */
function nearest(key: string, allowed: readonly string[]): string[] {
  const most = 20;
  const ranked = allowed
    .map((name) => ({ name, distance: editDistance(key.toLowerCase(), name.toLowerCase()) }))
    .sort((left, right) => left.distance - right.distance);
  return ranked.slice(0, most).map(({ name }) => name);
}

function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const substituted = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
