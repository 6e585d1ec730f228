import { InvalidArgumentError } from 'commander';
import { DecantError } from '../../shared/errors.ts';
import { tasks } from '../../shared/tasks.ts';

/** Values of options; what does not fit is wrong usage, exit 2. */
export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError(`"${text}" is no whole number.`);
  return Number(text);
}

export function taskList(text: string): string[] {
  const known: readonly string[] = tasks.map(({ name }) => name);
  if (text === 'mt30') return [...known];
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new InvalidArgumentError(`${unknown.join(', ')}: allowed are mt30, ${known.join(', ')}.`);
  return names;
}

export function collectValues(value: string, previous: readonly string[]): string[] {
  return [...previous, value];
}

/**
 * Applies KEY.PATH=VALUE to a configuration; VALUE is JSON where it can be read as such, else a text. Returns a new configuration.
 * Errors: USAGE.
 */
export function withSettings(configuration: unknown, settings: readonly string[]): unknown {
  let result = configuration;
  for (const setting of settings) {
    const [, path, text] = /^([^=]+)=(.*)$/s.exec(setting) ?? [];
    if (path === undefined || text === undefined)
      throw new DecantError('USAGE', `--set takes KEY=VALUE, e.g. student.size=5; "${setting}" was given`);
    result = withEntry(result, path.split('.'), parseValue(text));
  }
  return result;
}

function withEntry(value: unknown, [key, ...rest]: readonly string[], entry: unknown): unknown {
  if (key === undefined) return entry;
  if (Array.isArray(value)) {
    const list: unknown[] = [...(value as unknown[])];
    const index = Number(key);
    if (!Number.isInteger(index) || index < 0 || index > list.length)
      throw new DecantError('USAGE', `--set: "${key}" is no position in a list of ${list.length}`);
    list[index] = withEntry(list[index], rest, entry);
    return list;
  }
  const entries = new Map<string, unknown>(typeof value === 'object' && value !== null ? Object.entries(value) : []);
  entries.set(key, withEntry(entries.get(key), rest, entry));
  // fromEntries defines keys: `__proto__` is one that the schema then refuses by name.
  return Object.fromEntries(entries);
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
