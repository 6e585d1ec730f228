import { describe, expect, it } from 'vitest';
import { runConfigurationSchema } from '../../shared/configuration.ts';
import { explainMisfit, findMisfits } from '../../shared/explain.ts';

const good = { method: 'distil', dataset: 'd-1', teacher: 'c-1' };
const explain = (changes: object): string[] => explainMisfit(runConfigurationSchema, { ...good, ...changes });

describe('explainMisfit', () => {
  it('says nothing about what fits', () => {
    expect(explain({})).toEqual([]);
    expect(explain({ distillation: { coefficient: 0.4 }, student: { size: 5 } })).toEqual([]);
  });

  it('holds pairs of bounds against each other', () => {
    expect(explain({ hyperparameters: { discountMin: 0.99, discountMax: 0.9 } })).toHaveLength(1);
    expect(explain({ hyperparameters: { logStdMin: 3 } }).join()).toContain('hyperparameters.logStdMin');
  });

  it.each([
    [{ batchsize: 3 }, /^batchsize: there is no such entry; allowed here: batchSize, /],
    [{ student: { sise: 1 } }, /^student\.sise: .*allowed here: size, /],
    [{ student: { size: 7 } }, /^student\.size: 7 was given; allowed: 1, 5, 19, 48, 317$/],
    [{ batchSize: 0 }, /^batchSize: 0 was given; more than 0 is allowed$/],
    [{ batchSize: 'many' }, /^batchSize: "many" was given; a whole number|^batchSize: "many" was given; a number/],
    [{ batchSize: 1e6 }, /^batchSize: 1000000 was given; at most 65536 is allowed$/],
    [{ method: 'magic' }, /^method: "magic" was given; allowed: "distil", "scratch"$/],
    [{ distillation: { coefficient: -1 } }, /^distillation\.coefficient: -1 was given; at least 0 is allowed$/],
    [
      { distillation: { terms: [{ target: 'rewards', coefficient: 1 }] } },
      /^distillation\.terms\.0\.target: "rewards"/,
    ],
    [{ hyperparameters: { rhoo: 1 } }, /^hyperparameters\.rhoo: .*allowed here: rho, /],
    [{ teacher: undefined }, /^teacher: .*needs a teacher$/],
    [{ dataset: undefined }, /^dataset: is missing; a text is allowed$/],
  ])('names the entry of %j', (changes, expected) => {
    const sentences = explain(changes);
    expect(sentences).toHaveLength(1);
    expect(sentences[0]).toMatch(expected);
  });

  it('offers the keys of every branch of a choice', () => {
    const [first, second] = explain({ distillation: { coeficient: 0.4 } });
    expect(`${first ?? ''} ${second ?? ''}`).toMatch(
      /coeficient: there is no such entry; allowed here: coefficient, terms/,
    );
  });

  it('lists all issues', () => {
    expect(explain({ batchSize: 0, steps: -1, seeds: 2 })).toHaveLength(3);
  });

  it('explains what is no object at all', () => {
    expect(explainMisfit(runConfigurationSchema, 'x')).toEqual([
      'the configuration: "x" was given; an object is allowed',
    ]);
  });
});

describe('findMisfits', () => {
  it('gives the path apart from the sentence, and says which entries do not exist', () => {
    const given = { ...good, batchSize: 0, student: { sise: 1 } };
    expect(findMisfits(runConfigurationSchema, given)).toEqual([
      {
        path: ['student', 'sise'],
        problem: expect.stringMatching(/^there is no such entry; allowed here: size, /) as string,
        unknown: true,
      },
      { path: ['batchSize'], problem: '0 was given; more than 0 is allowed' },
    ]);
  });

  it('misses the teacher also where other entries are wrong', () => {
    const paths = findMisfits(runConfigurationSchema, { method: 'distil', steps: 0 }).map(({ path }) => path.join('.'));
    expect(paths.toSorted()).toEqual(['dataset', 'steps', 'teacher']);
  });
});
