import { describe, expect, it } from 'vitest';
import { fieldsOf } from '../../../../renderer/forms/fields.ts';
import { copyName, draftOfRun, withMethod, withPresetSettings } from '../../../../renderer/routes/new/prefill.ts';
import { runConfigurationSchema } from '../../../../shared/configuration.ts';
import { paperPresets } from '../../../../shared/presets.ts';

const fields = fieldsOf(runConfigurationSchema);

describe('a duplicate', () => {
  it('means the same run under another name', () => {
    const config = runConfigurationSchema.parse({
      name: 'base',
      method: 'distil',
      dataset: 'job:j-1',
      teacher: 'c-1',
      student: { size: 5, init: 'c-2' },
      hyperparameters: { tau: 0.5 },
      corrections: { unscaledLogProbability: true },
    });
    const draft = draftOfRun({ config }, fields);
    expect(runConfigurationSchema.parse(draft)).toEqual({ ...config, name: 'base (copy)' });
    expect(Object.keys(draft)).not.toContain('batchSize');
  });

  it('has no name where the run has none of its own', () => {
    const config = runConfigurationSchema.parse({ method: 'scratch', dataset: 'd' });
    expect(draftOfRun({ config }, fields)).toEqual({ method: 'scratch', dataset: 'd' });
  });

  it.each([
    ['a', 'a (copy)'],
    ['a (copy)', 'a (copy 2)'],
    ['a (copy 9)', 'a (copy 10)'],
    ['x'.repeat(200), `${'x'.repeat(193)} (copy)`],
  ])('of %j is called %j', (name, copy) => {
    expect(copyName(name)).toBe(copy);
  });
});

describe('a preset for data of one’s own', () => {
  it('is allowed, for every preset', () => {
    for (const { name } of paperPresets) {
      const draft = withPresetSettings({ dataset: 'mine', teacher: 'c-1', steps: 3 }, name);
      const config = runConfigurationSchema.parse(draft);
      expect(config.dataset).toBe('mine');
      expect(config.teacher).toBe(config.method === 'distil' ? 'c-1' : undefined);
      expect(config.steps).toBeGreaterThan(3);
    }
  });

  it('is none for an unknown name', () => {
    expect(withPresetSettings({}, 'quick')).toBeUndefined();
  });
});

describe('withMethod', () => {
  it('sets what belongs to the teacher aside, and brings it back', () => {
    const draft = {
      method: 'distil',
      dataset: 'd',
      teacher: 'c',
      distillation: { coefficient: 0.9 },
      labels: 'onTheFly',
    };
    const scratch = withMethod(draft, 'scratch', {});
    expect(scratch.draft).toEqual({ method: 'scratch', dataset: 'd' });
    const again = withMethod(withMethod(scratch.draft, 'scratch', scratch.aside).draft, 'distil', scratch.aside);
    expect(again).toEqual({ draft, aside: {} });
  });

  it('does not replace what was written meanwhile', () => {
    const { draft } = withMethod({ method: 'scratch', teacher: 'new' }, 'distil', { teacher: 'old' });
    expect(draft).toEqual({ method: 'distil', teacher: 'new' });
  });
});
