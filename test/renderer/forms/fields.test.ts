import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { fieldsOf, type FormField } from '../../../renderer/forms/fields.ts';
import { fallbackText, rangeText } from '../../../renderer/forms/rangeText.ts';
import { runConfigurationSchema } from '../../../shared/configuration.ts';
import { hyperparametersSchema } from '../../../shared/hyperparameters.ts';
import { entryAt } from '../../../renderer/forms/entries.ts';

const fields = fieldsOf(runConfigurationSchema);

function field(key: string): FormField {
  const found = fields.find((one) => one.key === key);
  if (found === undefined) throw new Error(`no field ${key}`);
  return found;
}

describe('the fields of the run configuration', () => {
  it('are all of its settings, each once, with a title and a sentence', () => {
    const keys = fields.map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    for (const key of Object.keys(hyperparametersSchema.shape)) expect(keys).toContain(`hyperparameters.${key}`);
    expect(keys).toEqual(
      expect.arrayContaining([
        'method',
        'dataset',
        'teacher',
        'student.size',
        'student.init',
        'distillation.coefficient',
      ]),
    );
    for (const { title, description } of fields) {
      expect(title).toMatch(/^[A-Z]/);
      expect(description).toMatch(/\.$/);
    }
  });

  it('have the defaults that the schema fills in', () => {
    const filled = runConfigurationSchema.parse({ method: 'scratch', dataset: 'd' });
    for (const { path, fallback } of fields)
      if (path[0] !== 'method' && path[0] !== 'dataset')
        expect(fallback, path.join('.')).toEqual(entryAt(filled, path));
  });

  it('keep to the ranges of the schema', () => {
    const given = { method: 'scratch', dataset: 'd' };
    // The two bounds of the discount also limit each other.
    const beside: Record<string, object> = { discountMin: { discountMax: 1 }, discountMax: { discountMin: 0 } };
    for (const { path, range, kind } of fields) {
      const [outer, inner] = path;
      const at = (value: number): boolean => {
        if (outer === undefined) return false;
        const entry = inner === undefined ? { [outer]: value } : { [outer]: { ...beside[inner], [inner]: value } };
        return runConfigurationSchema.safeParse({ ...given, ...entry }).success;
      };
      if (kind !== 'integer' && kind !== 'number') continue;
      if (range.minimum !== undefined) expect([at(range.minimum), at(range.minimum - 1)]).toEqual([true, false]);
      if (range.maximum !== undefined) expect([at(range.maximum), at(range.maximum + 1)]).toEqual([true, false]);
      if (range.moreThan !== undefined) expect([at(range.moreThan), at(range.moreThan + 1)]).toEqual([false, true]);
      if (range.lessThan !== undefined) expect(at(range.lessThan)).toBe(false);
    }
  });

  it('know what must be given', () => {
    expect(fields.filter(({ required }) => required).map(({ key }) => key)).toEqual(['method', 'dataset']);
  });

  it('know their kinds, units and choices', () => {
    expect(field('student.size')).toMatchObject({ kind: 'choice', choices: [1, 5, 19, 48, 317], fallback: 1 });
    expect(field('method')).toMatchObject({ kind: 'choice', choices: ['distil', 'scratch'] });
    expect(field('batchSize')).toMatchObject({ kind: 'integer', unit: 'sequences', advanced: false });
    expect(field('hyperparameters.lr')).toMatchObject({ kind: 'number', advanced: true });
    expect(field('corrections.dropoutOnlyInLosses')).toMatchObject({ kind: 'flag', fallback: false });
  });

  it.each([
    ['batchSize', '1 to 65,536', '256'],
    ['steps', '1 or more', '200,000'],
    ['hyperparameters.lr', 'more than 0, at most 1', '3e-4'],
    ['hyperparameters.dropout', 'at least 0, less than 1', '0.01'],
    ['distillation.coefficient', '0 or more', '0.4'],
    ['hyperparameters.logStdMin', '', '−10'],
    ['corrections.unscaledLogProbability', '', 'off'],
    ['name', 'up to 200 characters', undefined],
  ])('%s says what is allowed', (key, range, fallback) => {
    expect(rangeText(field(key))).toBe(range);
    expect(fallbackText(field(key))).toBe(fallback);
  });
});

it('takes the default of an entry from the object around it', () => {
  const schema = z.object({ outer: z.object({ inner: z.number().meta({ title: 'I' }) }).prefault({ inner: 7 }) });
  expect(fieldsOf(schema)).toMatchObject([{ key: 'outer.inner', fallback: 7, required: false }]);
});
