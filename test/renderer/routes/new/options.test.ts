import { describe, expect, it } from 'vitest';
import {
  backendPicker,
  datasetPicker,
  initialisationPicker,
  teacherPicker,
} from '../../../../renderer/routes/new/options.ts';
import { architectureOfSize, type Architecture, type ModelSize } from '../../../../shared/architecture.ts';
import type { BackendReport } from '../../../../shared/device.ts';
import type { CheckpointRecord, DatasetRecord } from '../../../../shared/records.ts';

const createdAt = '2026-01-01T00:00:00.000Z';

function dataset(id: string, name: string): DatasetRecord {
  const returns = { min: 0, mean: 1, max: 2, histogram: [1] };
  return {
    id,
    name,
    createdAt,
    version: 1,
    facts: {
      manifest: 'a'.repeat(64),
      episodes: 4,
      transitions: 2000,
      episodeLength: 501,
      bytes: 117_400,
      tasks: [{ task: 0, name: 'walker-stand', episodes: 4, segments: 1, returns }],
      lineage: { source: 'import', description: 'import: a' },
    },
    labels: [],
  };
}

function checkpoint(id: string, size: ModelSize, changes: Partial<Architecture> = {}): CheckpointRecord {
  return {
    id,
    name: `${id}.pt`,
    createdAt,
    run: null,
    step: null,
    pinned: false,
    facts: {
      sha256: 'b'.repeat(64),
      bytes: 3_970_000,
      architecture: { ...architectureOfSize(size), ...changes },
      precision: 'fp16',
      parameters: 2_000_000,
      modules: [],
      trainingState: false,
      warnings: size === 48 ? ['a tensor is odd'] : [],
    },
  };
}

describe('the dataset picker', () => {
  const sets = [dataset('d-abc', 'one'), dataset('d-abd', 'two'), dataset('d-xyz', 'two')];

  it('offers what the library has, with episodes and tasks', () => {
    const { options, chosen } = datasetPicker(undefined, sets);
    expect(chosen).toBe('');
    expect(options[0]).toEqual({
      value: 'd-abc',
      label: 'one',
      hint: '4 episodes · 1 task · 2K transitions · 117 kB · d-abc',
    });
  });

  it.each([
    ['d-abc', 'd-abc'],
    ['one', 'd-abc'],
    ['d-x', 'd-xyz'],
  ])('knows which one %j means', (written, id) => {
    const { options, chosen } = datasetPicker(written, sets);
    expect(chosen).toBe(id);
    expect(options).toHaveLength(3);
  });

  it.each(['d-ab', 'two', 'gone', 'job:j-1'])('offers %j as it is written', (written) => {
    const { options, chosen, note } = datasetPicker(written, sets);
    expect(chosen).toBe(written);
    expect(options.map(({ value }) => value)).toEqual([written, 'd-abc', 'd-abd', 'd-xyz']);
    expect(note).toMatch(written.startsWith('job:') ? /what job j-1 made/ : /as written/);
  });

  it('shows also what is no text at all', () => {
    expect(datasetPicker(12, sets).chosen).toBe('12');
  });
});

describe('the teacher picker', () => {
  it('shows the size, and the warnings of the chosen one', () => {
    const { options, warnings } = teacherPicker('c-2', [checkpoint('c-1', 317), checkpoint('c-2', 48)]);
    expect(options.map(({ hint }) => hint)).toEqual([
      '317M, 8 Qs · fp16 · 3.97 MB · c-1',
      '48M, 5 Qs · fp16 · 3.97 MB · 1 warning · c-2',
    ]);
    expect(warnings).toEqual(['a tensor is odd']);
  });

  it('says why another does not fit', () => {
    const [option] = teacherPicker(undefined, [checkpoint('c-1', 1, { numTasks: 80 })]).options;
    expect(option).toMatchObject({ disabled: true, hint: 'does not fit: 80 tasks, MT30 data has 30' });
  });
});

describe('the initialisation picker', () => {
  const all = [checkpoint('c-1', 1), checkpoint('c-5', 5), checkpoint('c-6', 5, { numQ: 2 })];

  it('offers random and the checkpoints of the same size and number of Qs', () => {
    const values = (size: unknown, numQ?: unknown): string[] =>
      initialisationPicker('random', all, size, numQ).options.map(({ value }) => value);
    expect(values(1)).toEqual(['random', 'c-1']);
    expect(values(5)).toEqual(['random', 'c-5']);
    expect(values(5, 2)).toEqual(['random', 'c-6']);
    expect(values('odd')).toEqual(['random']);
  });

  it('warns of one that no longer fits, and keeps it', () => {
    const { chosen, note, options, warnings } = initialisationPicker('c-1', all, 5, undefined);
    expect(chosen).toBe('c-1');
    expect(note).toBe('1M, 2 Qs · fp16 · 3.97 MB · c-1');
    expect(options.map(({ value }) => value)).toEqual(['c-1', 'random', 'c-5']);
    expect(warnings).toEqual(['c-1.pt is 1M, 2 Qs; the student is 5M with 5 Qs']);
  });
});

describe('the backend picker', () => {
  const report: BackendReport[] = [
    {
      name: 'wasm',
      label: 'WebAssembly',
      works: true,
      automatic: true,
      reason: 'WebAssembly, 2 threads',
      action: null,
    },
    {
      name: 'tfjs-node',
      label: 'TensorFlow',
      works: false,
      automatic: false,
      reason: 'not installed',
      action: 'Install it',
    },
  ];

  it('says what works here, and what to do about the rest', () => {
    const { options, warnings } = backendPicker(['auto', 'wasm', 'tfjs-node'], 'tfjs-node', report);
    expect(options.map(({ hint }) => hint)).toEqual([
      'here that is wasm: WebAssembly, 2 threads',
      'WebAssembly, 2 threads',
      'Does not work here: not installed',
    ]);
    expect(warnings).toEqual(['not installed. Install it']);
  });

  it('offers the names alone while nothing is known', () => {
    const { options, chosen, warnings } = backendPicker(['auto', 'wasm'], undefined, undefined);
    expect(chosen).toBe('auto');
    expect(warnings).toEqual([]);
    expect(options.map(({ value }) => value)).toEqual(['auto', 'wasm']);
  });
});
