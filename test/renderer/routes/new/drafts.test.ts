import { describe, expect, it } from 'vitest';
import { readDraft, removeDraft, writeDraft, type SavedDraft } from '../../../../renderer/routes/new/drafts.ts';
import { jobsBefore } from '../../../../renderer/routes/new/queue.ts';
import type { JobRecord } from '../../../../shared/records.ts';
import { jobRecord } from '../../../support/records.ts';

function memory(): Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> {
  const kept = new Map<string, string>();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}

const draft: SavedDraft = { text: '{ "a": ', aside: { teacher: 'c' }, view: 'text', advanced: true, preset: 'quick' };

describe('a saved draft', () => {
  it('comes back at its own address, broken text and all', () => {
    const storage = memory();
    writeDraft(storage, '#/new', draft);
    expect(readDraft(storage, '#/new')).toEqual(draft);
    expect(readDraft(storage, '#/new?from=j-1')).toBeUndefined();
    removeDraft(storage, '#/new');
    expect(readDraft(storage, '#/new')).toBeUndefined();
  });

  it('is ignored where it is not one, or where there is no storage', () => {
    const refuse = (): never => {
      throw new Error('forbidden');
    };
    expect(readDraft({ getItem: () => '{"text": 3}' }, '#/new')).toBeUndefined();
    expect(readDraft({ getItem: () => '{' }, '#/new')).toBeUndefined();
    expect(readDraft({ getItem: refuse }, '#/new')).toBeUndefined();
    expect(() => {
      writeDraft({ setItem: refuse }, '#/new', draft);
    }).not.toThrow();
  });
});

function job(id: string, changes: Partial<JobRecord>): JobRecord {
  return jobRecord(id, { state: 'queued', ...changes });
}

it('a run waits for what runs or is queued before it in its lane, and for nothing else', () => {
  const jobs = [
    job('later', { position: 3 }),
    job('sooner', { position: 2, ordinal: 9, kind: 'collect' }),
    job('running', { position: 4, state: 'running', kind: 'label' }),
    job('finished', { state: 'finished' }),
    job('export', { kind: 'export', state: 'running' }),
    job('estimate', { kind: 'estimate', state: 'running' }),
  ];
  expect(jobsBefore(jobs).map(({ id }) => id)).toEqual(['running', 'sooner', 'later']);
});
