import { describe, expect, it } from 'vitest';
import { LibraryIndex } from '../../../renderer/host/libraryIndex.ts';
import { jobRecord, runRecord } from '../../support/records.ts';

function indexWith(...ids: string[]): LibraryIndex {
  const index = new LibraryIndex();
  const runs = ids.map((id, place) => runRecord(id, { ordinal: place + 1 }));
  index.fill({ jobs: runs, runs, datasets: [], checkpoints: [] });
  index.changed.clear();
  return index;
}

const runsOf = (index: LibraryIndex) => index.lists(new Set(['runs'])).runs ?? [];

describe('the library, kept true by events', () => {
  it('lists newest first, and only what is wanted', () => {
    const index = indexWith('r-1', 'r-2', 'r-3');
    expect(runsOf(index).map(({ id }) => id)).toEqual(['r-3', 'r-2', 'r-1']);
    expect(index.lists(new Set(['datasets']))).toEqual({ datasets: [] });
  });

  it('keeps the order of a chain, whose jobs were all made at one instant', () => {
    const index = indexWith('r-5', 'r-9', 'r-1');
    expect(runsOf(index).map(({ id }) => id)).toEqual(['r-1', 'r-9', 'r-5']);
    index.apply({ type: 'job', job: jobRecord('r-7', { ordinal: 4 }) });
    expect((index.lists(new Set(['jobs'])).jobs ?? []).map(({ id }) => id)).toEqual(['r-7', 'r-1', 'r-9', 'r-5']);
  });

  it('follows metrics: the last value of the newest step, the lowest and the highest, whatever is not a number', () => {
    const index = indexWith('r-1');
    for (const [step, value] of [
      [1, 5],
      [2, Number.NaN],
      [3, -1],
      [4, 3],
      [2, 100],
    ] as const)
      index.apply({ type: 'metrics', id: 'r-1', step, values: { totalLoss: value } });
    expect(runsOf(index)[0]?.metrics['totalLoss']).toEqual({ last: 3, lastStep: 4, min: -1, max: 5 });
    expect(runsOf(index)[0]?.step).toBe(4);
    expect(index.lists(new Set(['jobs'])).jobs?.[0]?.step).toBe(4);
  });

  it('leaves records alone that an event does not concern', () => {
    const index = indexWith('r-1', 'r-2');
    const [, before] = runsOf(index);
    index.apply({ type: 'metrics', id: 'r-2', step: 1, values: { totalLoss: 1 } });
    expect(runsOf(index)[1]).toBe(before);
  });

  it('asks for the record of a run that is new, that ended, or that was annotated', () => {
    const index = indexWith('r-1');
    expect(index.apply({ type: 'job', job: jobRecord('r-2') })).toBe('r-2');
    expect(index.apply({ type: 'metrics', id: 'r-9', step: 1, values: {} })).toBe('r-9');
    expect(index.apply({ type: 'job', job: jobRecord('r-1', { step: 1 }) })).toBeUndefined();
    expect(index.apply({ type: 'job', job: jobRecord('r-1', { step: 1, tags: ['good'] }) })).toBe('r-1');
    expect(index.apply({ type: 'job', job: jobRecord('r-1', { step: 2, state: 'finished' }) })).toBe('r-1');
    expect(runsOf(index).find(({ id }) => id === 'r-1')?.state).toBe('finished');
    expect(index.apply({ type: 'job', job: jobRecord('e-1', { kind: 'export' }) })).toBeUndefined();
  });

  it('does not let a late answer undo newer events, nor bring back what was deleted', () => {
    const index = indexWith('r-1');
    index.apply({ type: 'job', job: jobRecord('r-1', { step: 50, state: 'finished' }) });
    index.setRun(runRecord('r-1', { step: 10, state: 'running' }));
    expect(runsOf(index)[0]).toMatchObject({ step: 50, state: 'finished' });
    index.apply({ type: 'deleted', id: 'r-1' });
    index.setRun(runRecord('r-1'));
    expect(runsOf(index)).toEqual([]);
  });
});
