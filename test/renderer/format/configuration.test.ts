import { expect, test } from 'vitest';
import { runConfigurationSchema } from '../../../shared/configuration.ts';
import { differences, distillationCoefficient, flatten } from '../../../renderer/format/configuration.ts';

const base = { method: 'distil', dataset: 'd', teacher: 't' } as const;

test('a configuration has one line for each entry', () => {
  const flat = flatten(runConfigurationSchema.parse(base));
  expect(flat.get('distillation.coefficient')).toBe(0.4);
  expect(flat.get('student.init')).toBe('random');
  expect(flatten({ a: [{ b: 1 }, { b: null }], c: undefined })).toEqual(
    new Map([
      ['a.0.b', 1],
      ['a.1.b', null],
    ]),
  );
});

test('only what differs is named, and never the name', () => {
  const left = runConfigurationSchema.parse({ ...base, name: 'one' });
  const right = runConfigurationSchema.parse({ ...base, name: 'two', method: 'scratch', teacher: undefined, seed: 2 });
  expect(differences([left, right])).toEqual([
    { path: 'method', values: ['distil', 'scratch'] },
    { path: 'teacher', values: ['t', undefined] },
    { path: 'seed', values: [1, 2] },
  ]);
  expect(differences([left, left])).toEqual([]);
  expect(distillationCoefficient(left)).toBe(0.4);
  expect(distillationCoefficient(right)).toBeUndefined();
});
