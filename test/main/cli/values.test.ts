import { describe, expect, it } from 'vitest';
import { taskList, wholeNumber, withSettings } from '../../../main/cli/values.ts';

describe('--set', () => {
  it('changes entries at any depth and leaves the original alone', () => {
    const original = { student: { size: 1 }, steps: 5 };
    const changed = withSettings(original, [
      'student.size=5',
      'distillation.coefficient=0.4',
      'name=a=b',
      'labels="x"',
    ]);
    expect(changed).toEqual({
      student: { size: 5 },
      steps: 5,
      distillation: { coefficient: 0.4 },
      name: 'a=b',
      labels: 'x',
    });
    expect(original).toEqual({ student: { size: 1 }, steps: 5 });
  });

  it('reaches into lists and replaces what is no object', () => {
    const terms = { distillation: { terms: [{ coefficient: 1 }] } };
    expect(withSettings(terms, ['distillation.terms.0.coefficient=2'])).toEqual({
      distillation: { terms: [{ coefficient: 2 }] },
    });
    expect(() => withSettings(terms, ['distillation.terms.x=2'])).toThrow(/no position/);
  });

  it('pollutes no prototype', () => {
    const changed = withSettings({}, ['__proto__.polluted=true']);
    expect(Object.keys(changed as object)).toEqual(['__proto__']);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  it('refuses what is no setting', () => {
    for (const setting of ['steps', '=3'])
      expect(() => withSettings({}, [setting])).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

it('tasks are a list of known names, or all', () => {
  expect(taskList('mt30')).toHaveLength(30);
  expect(taskList('pendulum-spin, cup-catch')).toEqual(['pendulum-spin', 'cup-catch']);
  expect(() => taskList('walk')).toThrow(/walk: allowed are mt30, walker-stand/);
});

it('counts are whole numbers', () => {
  expect(wholeNumber('12')).toBe(12);
  for (const text of ['', '-1', '1.5', '1e3', 'x']) expect(() => wholeNumber(text)).toThrow(/no whole number/);
});
