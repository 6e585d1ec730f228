import { describe, expect, it } from 'vitest';
import { searchCheckpoints, usesByCheckpoint } from '../../../renderer/routes/checkpoints/relations.ts';
import { totalReturns } from '../../../renderer/routes/datasets/returns.ts';
import { paperInputs } from '../../../renderer/routes/welcome/inputs.ts';
import { architectureOfSize } from '../../../shared/architecture.ts';
import { paperPresets } from '../../../shared/presets.ts';
import type { CheckpointRecord } from '../../../shared/records.ts';
import { runRecord } from '../../support/records.ts';

function checkpoint(id: string, name: string, run: string | null): CheckpointRecord {
  const facts = {
    sha256: id.padEnd(64, '0'),
    bytes: 1,
    architecture: architectureOfSize(1),
    precision: 'fp32' as const,
    parameters: 1,
    modules: [],
    trainingState: false,
    warnings: [],
  };
  return { id, name, createdAt: '2026-01-01T00:00:00Z', facts, run, step: null, pinned: false };
}

describe('checkpoints', () => {
  it('know what was made from them', () => {
    const base = runRecord('r-1');
    const distilled = {
      ...base,
      config: {
        ...base.config,
        method: 'distil' as const,
        teacher: 'c-1',
        student: { ...base.config.student, init: 'c-2' },
      },
    };
    // A teacher that is named and not used made nothing.
    const scratch = { ...base, id: 'r-2', config: { ...base.config, teacher: 'c-1' } };
    // A run of a chain names the run before it, and means its last checkpoint.
    const chained = { ...distilled, id: 'r-3', config: { ...distilled.config, teacher: 'job:r-7' } };
    const written = [5, 10, 7].map((step) => ({ ...checkpoint(`c-at-${step}`, 'x', 'r-7'), step }));
    expect(usesByCheckpoint([chained], written).get('c-at-10')).toEqual([{ run: chained, as: 'teacher' }]);
    const uses = usesByCheckpoint([distilled, scratch], []);
    expect(uses.get('c-1')).toEqual([{ run: distilled, as: 'teacher' }]);
    expect(uses.get('c-2')).toEqual([{ run: distilled, as: 'start' }]);
    expect(uses.size).toBe(2);
  });

  it('are found by every word, of their name or their run', () => {
    const all = [checkpoint('c-1', 'first @ 12', 'r-1'), checkpoint('c-2', 'MT30 teacher', null)];
    const ids = (search: string): string[] => searchCheckpoints(all, search, () => 'morning run').map(({ id }) => id);
    expect(ids('')).toEqual(['c-1', 'c-2']);
    expect(ids('mt30')).toEqual(['c-2']);
    expect(ids('MORNING 12')).toEqual(['c-1']);
    expect(ids('morning mt30')).toEqual([]);
    expect(ids('imported')).toEqual(['c-2']);
  });
});

describe('datasets', () => {
  it('add up the returns of their tasks, weighted by episodes', () => {
    const task = (episodes: number, mean: number, histogram: number[]) => ({
      task: 0,
      name: 'a',
      episodes,
      segments: 1,
      returns: { min: mean - 1, mean, max: mean + 1, histogram },
    });
    expect(totalReturns([task(3, 10, [3, 0]), task(1, 50, [0, 1])])).toEqual({
      min: 9,
      mean: 20,
      max: 51,
      histogram: [3, 1],
    });
  });
});

describe('what the presets need', () => {
  it('is listed for every one of them', () => {
    const sizes = new Set(paperPresets.flatMap(({ needs }) => needs.teacherSize ?? []));
    for (const size of sizes) expect(paperInputs.some(({ key }) => key === `teacher${size}`)).toBe(true);
    expect(paperInputs.some(({ key }) => key === 'mt30')).toBe(true);
  });
});
