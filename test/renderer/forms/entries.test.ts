import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  entryAt,
  inFormOrder,
  typedOfValue,
  valueOfTyped,
  withEntry,
  withoutDefaults,
} from '../../../renderer/forms/entries.ts';
import { fieldsOf, type FormField } from '../../../renderer/forms/fields.ts';
import { runConfigurationSchema } from '../../../shared/configuration.ts';

const fields = fieldsOf(runConfigurationSchema);
const byKey = (key: string): FormField => {
  const found = fields.find((one) => one.key === key);
  if (found === undefined) throw new Error(key);
  return found;
};

describe('withEntry', () => {
  it('changes one entry and nothing else', () => {
    const draft = { a: 1, b: { c: 2, d: 3 } };
    expect(withEntry(draft, ['b', 'c'], 9)).toEqual({ a: 1, b: { c: 9, d: 3 } });
    expect(withEntry(draft, ['e', 'f'], 4)).toEqual({ ...draft, e: { f: 4 } });
    expect(draft).toEqual({ a: 1, b: { c: 2, d: 3 } });
  });

  it('keeps the place of an entry', () => {
    expect(Object.keys(withEntry({ a: 1, b: 2, c: 3 }, ['b'], 9))).toEqual(['a', 'b', 'c']);
  });

  it('takes entries out, and what becomes empty with them', () => {
    expect(withEntry({ a: { b: { c: 1 } }, d: 2 }, ['a', 'b', 'c'], undefined)).toEqual({ d: 2 });
    expect(withEntry({ a: 1 }, ['b', 'c'], undefined)).toEqual({ a: 1 });
  });

  it('replaces what is no object on its way', () => {
    expect(withEntry({ student: 'big' }, ['student', 'size'], 5)).toEqual({ student: { size: 5 } });
  });
});

describe('what is typed', () => {
  it.each([
    ['batchSize', '128', 128],
    ['batchSize', ' 128 ', 128],
    ['batchSize', '', undefined],
    ['batchSize', '12x', '12x'],
    ['batchSize', '0x10', '0x10'],
    ['batchSize', '1.5', 1.5],
    ['hyperparameters.lr', '3e-4', 3e-4],
    ['hyperparameters.lr', '.5', 0.5],
    ['hyperparameters.lr', '1e999', '1e999'],
    ['hyperparameters.lr', '0,5', '0,5'],
    ['name', ' a b ', ' a b '],
    ['name', '12', '12'],
    ['student.size', '5', 5],
    ['student.size', '7', '7'],
    ['corrections.dropoutOnlyInLosses', 'true', true],
  ])('%s: %j stands for %j', (key, typed, value) => {
    expect(valueOfTyped(byKey(key), typed)).toEqual(value);
  });

  it('shows the value given, else the default', () => {
    expect(typedOfValue(byKey('batchSize'), undefined)).toBe('256');
    expect(typedOfValue(byKey('batchSize'), 12)).toBe('12');
    expect(typedOfValue(byKey('batchSize'), '12x')).toBe('12x');
    expect(typedOfValue(byKey('dataset'), undefined)).toBe('');
    expect(typedOfValue(byKey('batchSize'), { odd: 1 })).toBe('{"odd":1}');
  });

  it('is never lost: every number and every wrong text comes back', () => {
    const field = byKey('hyperparameters.lr');
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        expect(Number(typedOfValue(field, valueOfTyped(field, String(number))))).toBeCloseTo(number, 15);
      }),
    );
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (text) => {
        const value = valueOfTyped(field, text);
        if (typeof value === 'string') expect(typedOfValue(field, value)).toBe(text);
      }),
    );
  });
});

describe('a draft', () => {
  it('is written in the order of the form, unknown entries last', () => {
    const draft = { odd: 1, steps: 2, student: { init: 'random', extra: 1, size: 5 }, method: 'distil' };
    const ordered = inFormOrder(draft, fields);
    expect(ordered).toEqual(draft);
    expect(Object.keys(ordered)).toEqual(['method', 'student', 'steps', 'odd']);
    expect(Object.keys(ordered['student'] ?? {})).toEqual(['size', 'init', 'extra']);
  });

  it('of a full configuration is short without its defaults, and means the same', () => {
    const given = { method: 'distil', dataset: 'd', teacher: 'c', steps: 60, hyperparameters: { lr: 0.001 } };
    const full = runConfigurationSchema.parse(given);
    expect(withoutDefaults({ ...full }, fields)).toEqual(given);
    expect(runConfigurationSchema.parse(withoutDefaults({ ...full }, fields))).toEqual(full);
  });

  it('keeps distillation terms', () => {
    const terms = [{ target: 'reward', coefficient: 1, steps: 'all' }];
    expect(withoutDefaults({ distillation: { terms } }, fields)).toEqual({ distillation: { terms } });
  });

  it('has nothing where a path leads through no object', () => {
    expect(entryAt({ a: 'text' }, ['a', 'length'])).toBeUndefined();
    expect(entryAt({}, ['constructor'])).toBeUndefined();
  });
});
