import { errorCatalogue, type ErrorCode, type ErrorReport } from '../../shared/errors.ts';
import type { Misfit } from '../../shared/explain.ts';
import { entryAt, type Draft } from './entries.ts';
import type { FormField } from './fields.ts';

export interface Problems {
  /** What is wrong with a field, by its key; several sentences stand one after the other. */
  byField: ReadonlyMap<string, string>;
  /** What belongs to no field: entries that do not exist, or that only the text can hold. */
  others: readonly Misfit[];
}

/** Puts each misfit at its field: the one of its path, else the one around it, else the first inside of it. */
export function sortProblems(misfits: readonly Misfit[], fields: readonly FormField[]): Problems {
  const byField = new Map<string, string>();
  const others: Misfit[] = [];
  for (const misfit of misfits) {
    const field = misfit.unknown === true ? undefined : fieldOfPath(misfit.path, fields);
    if (field === undefined) others.push(misfit);
    else {
      const before = byField.get(field.key);
      if (before !== misfit.problem)
        byField.set(field.key, before === undefined ? misfit.problem : `${before}; ${misfit.problem}`);
    }
  }
  return { byField, others };
}

export function fieldOfPath(path: readonly string[], fields: readonly FormField[]): FormField | undefined {
  if (path.length === 0) return undefined;
  return fields.find((field) => startsWith(path, field.path)) ?? fields.find((field) => startsWith(field.path, path));
}

function startsWith(path: readonly string[], start: readonly string[]): boolean {
  return start.length <= path.length && start.every((key, index) => path[index] === key);
}

const codesOfPath: Partial<Record<ErrorCode, readonly string[]>> = {
  TEACHER_MISMATCH: ['teacher'],
  TEACHER_MISSING: ['teacher'],
  BACKEND_UNAVAILABLE: ['backend'],
};

const references = [['dataset'], ['teacher'], ['student', 'init']] as const;

/**
 * What the host said about a configuration, at the entries that it is about; empty when it names none. CONFIG_INVALID names them itself, a
 * line each; what was not found in the library is the entry whose value the sentence quotes.
 */
export function misfitsOfReport({ code, detail }: ErrorReport, draft: Draft): Misfit[] {
  const path = codesOfPath[code];
  if (path !== undefined) return [{ path: [...path], problem: `${detail}. ${errorCatalogue[code].action}` }];
  if (code === 'NOT_FOUND' || code === 'ID_AMBIGUOUS')
    return references
      .filter((reference) => {
        const value = entryAt(draft, reference);
        return typeof value === 'string' && value !== '' && detail.includes(value);
      })
      .map((reference) => ({ path: [...reference], problem: detail }));
  if (code !== 'CONFIG_INVALID') return [];
  return detail.split('\n').flatMap((line) => {
    const [, key, problem] = /^([\w.-]+): (.+)$/.exec(line) ?? [];
    return key === undefined || problem === undefined ? [] : [{ path: key.split('.'), problem }];
  });
}
