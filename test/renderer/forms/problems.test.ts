import { describe, expect, it } from 'vitest';
import { fieldsOf } from '../../../renderer/forms/fields.ts';
import { fieldOfPath, misfitsOfReport, sortProblems } from '../../../renderer/forms/problems.ts';
import { runConfigurationSchema } from '../../../shared/configuration.ts';
import { explainMisfit, findMisfits } from '../../../shared/explain.ts';

const fields = fieldsOf(runConfigurationSchema);
const sorted = (draft: object): ReturnType<typeof sortProblems> =>
  sortProblems(findMisfits(runConfigurationSchema, draft), fields);

describe('sortProblems', () => {
  it('puts each problem at its field', () => {
    const { byField, others } = sorted({
      method: 'distil',
      batchSize: '12x',
      student: { size: 7 },
      hyperparameters: { lr: -1 },
    });
    expect([...byField.keys()].toSorted()).toEqual([
      'batchSize',
      'dataset',
      'hyperparameters.lr',
      'student.size',
      'teacher',
    ]);
    expect(byField.get('batchSize')).toBe('"12x" was given; a number is allowed');
    expect(others).toEqual([]);
  });

  it('puts what is wrong with an object at its first field', () => {
    const { byField } = sorted({ method: 'scratch', dataset: 'd', student: 3 });
    expect([...byField.keys()]).toEqual(['student.size']);
  });

  it('keeps apart what no field can show', () => {
    const { byField, others } = sorted({
      method: 'scratch',
      dataset: 'd',
      batchsize: 3,
      hyperparameters: { learningRate: 1 },
      distillation: { terms: [{ target: 'rewards', coefficient: 1 }] },
    });
    expect(byField.size).toBe(0);
    expect(others.map(({ path }) => path.join('.')).toSorted()).toEqual([
      'batchsize',
      'distillation.terms.0.target',
      'hyperparameters.learningRate',
    ]);
    expect(others.find(({ path }) => path[0] === 'batchsize')?.problem).toMatch(/allowed here: batchSize, /);
  });
});

it('finds a field by a path beside, around or inside', () => {
  expect(fieldOfPath(['student', 'size'], fields)?.key).toBe('student.size');
  expect(fieldOfPath(['distillation'], fields)?.key).toBe('distillation.coefficient');
  expect(fieldOfPath(['batchSize', 'x'], fields)?.key).toBe('batchSize');
  expect(fieldOfPath([], fields)).toBeUndefined();
  expect(fieldOfPath(['nothing'], fields)).toBeUndefined();
});

describe('misfitsOfReport', () => {
  const draft = { dataset: 'd-1', teacher: 'big', student: { init: 'c-9' } };

  it('reads every line that the host writes about a configuration', () => {
    const given = { method: 'magic', dataset: 'd', student: { size: 2 } };
    const detail = explainMisfit(runConfigurationSchema, given).join('\n');
    expect(misfitsOfReport({ code: 'CONFIG_INVALID', detail }, given)).toEqual(
      findMisfits(runConfigurationSchema, given).map(({ path, problem }) => ({ path, problem })),
    );
  });

  it.each([
    ['CONFIG_INVALID', 'validationEpisodes: 9 leaves no episode', [['validationEpisodes']]],
    ['CONFIG_INVALID', 'a sentence that names nothing', []],
    ['TEACHER_MISMATCH', 'teacher c-1 expects 3 tasks', [['teacher']]],
    ['TEACHER_MISSING', 'it needs one', [['teacher']]],
    ['BACKEND_UNAVAILABLE', 'tfjs-node is not installed', [['backend']]],
    ['NOT_FOUND', 'there is no dataset "d-1"', [['dataset']]],
    ['NOT_FOUND', 'there is no checkpoint "big"', [['teacher']]],
    ['ID_AMBIGUOUS', '"c-9" fits c-91 and c-92', [['student', 'init']]],
    ['NOT_FOUND', 'something else', []],
    ['MEMORY_INSUFFICIENT', 'needs 3 GB of 2', []],
  ] as const)('%s %j belongs to %j', (code, detail, paths) => {
    expect(misfitsOfReport({ code, detail }, draft).map(({ path }) => path)).toEqual(paths);
  });
});
