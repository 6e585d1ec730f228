import { describe, expect, it } from 'vitest';
import { benchmarkTable, figureTitle, progressOf } from '../../../renderer/routes/device/benchmarks.ts';
import { DecantError } from '../../../shared/errors.ts';
import { listFailure, setupText, toolTitle } from '../../../renderer/routes/device/tools.ts';
import type { ToolReport } from '../../../shared/contract.ts';
import type { BenchmarkRecord } from '../../../shared/device.ts';
import type { JobRecord } from '../../../shared/records.ts';
import { benchmarkFigure } from '../../support/deviceRecords.ts';
import { jobRecord } from '../../support/records.ts';

const figure = (changes: Partial<BenchmarkRecord>) =>
  benchmarkFigure({ at: '2026-01-01T00:00:00.000Z', milliseconds: 10, steps: 5, ...changes });

describe('benchmarkTable', () => {
  it('says where other programs kept the machine busy, at the worst figure of a row', () => {
    const quiet = figure({ otherCores: 0.1 });
    const busy = figure({ batchSize: 256, otherCores: 0.9 });
    expect(benchmarkTable([quiet]).rows[0]?.disturbance).toBeUndefined();
    expect(benchmarkTable([busy, quiet]).rows[0]?.disturbance).toBe(0.9);
    expect(figureTitle(busy)).toBe('10 ms, median of 5 steps; other programs kept 0.9 cores busy meanwhile');
    expect(figureTitle(quiet)).toBe('10 ms, median of 5 steps');
    // Memory, time or a stop: which of them nobody wrote down.
    expect(figureTitle(undefined)).toMatch(/time or the memory, or the benchmark ended/);
  });

  it('has a row for each backend of each benchmark, newest benchmark first', () => {
    const { columns, rows } = benchmarkTable([
      figure({ benchmark: 'g-2', backend: 'wasm', automatic: false, milliseconds: 50 }),
      figure({ benchmark: 'g-2', work: 'plan', batchSize: 1, milliseconds: 90 }),
      figure({ benchmark: 'g-2', batchSize: 256, milliseconds: 40 }),
      figure({ benchmark: 'g-2', milliseconds: 11 }),
      figure({ milliseconds: 12, here: false }),
    ]);
    expect(columns.map(({ title }) => title)).toEqual(['Update 1M, batch 64', 'Update 1M, batch 256', 'Plan 1M']);
    expect(rows.map(({ backend, automatic, here }) => [backend, automatic, here])).toEqual([
      ['onnx', true, true],
      ['wasm', false, true],
      ['onnx', true, false],
    ]);
    const cells = rows.map(({ figures }) => columns.map(({ key }) => figures.get(key)?.milliseconds));
    expect(cells).toEqual([
      [11, 40, 90],
      [50, undefined, undefined],
      [12, undefined, undefined],
    ]);
    expect(new Set(rows.map(({ key }) => key)).size).toBe(3);
  });

  it('names the device once where all is of one that is here', () => {
    expect(benchmarkTable([figure({}), figure({ backend: 'wasm' })]).device).toBe('A processor');
    expect(benchmarkTable([figure({}), figure({ backend: 'wasm', device: 'A card' })]).device).toBeUndefined();
    expect(benchmarkTable([figure({ here: false })]).device).toBeUndefined();
  });

  it('is empty without figures', () => {
    expect(benchmarkTable([])).toEqual({ columns: [], rows: [], device: undefined });
  });
});

describe('progressOf', () => {
  const part = (id: string, changes: Partial<JobRecord>): JobRecord =>
    jobRecord(id, { kind: 'benchmark', group: 'g-2', ...changes });
  const measuring = (done: number) => ({ stage: 'measuring', done, total: 10, unit: 's' });

  it('counts each backend for an equal part', () => {
    const found = progressOf([
      part('j-1', { ordinal: 1, position: 1, state: 'finished', progress: measuring(10) }),
      part('j-2', { ordinal: 2, position: 2, state: 'running', progress: measuring(5) }),
      part('j-3', { ordinal: 3, position: 3, state: 'queued', progress: null }),
    ]);
    expect(found).toMatchObject({ done: 1.5, total: 3, waiting: false, stopping: false, failed: [] });
    expect(found?.active.map(({ id }) => id)).toEqual(['j-2', 'j-3']);
  });

  it('is about the newest benchmark alone, and knows when it waits, stops and fails', () => {
    const error = { code: 'BACKEND_UNAVAILABLE' as const, detail: 'gone' };
    const old = part('j-1', { ordinal: 1, group: 'g-1', state: 'stopped' });
    const queued = [part('j-2', { ordinal: 2, state: 'queued' }), part('j-3', { ordinal: 3, state: 'queued' })];
    expect(progressOf([old, ...queued])).toMatchObject({ waiting: true, total: 2 });
    const ending = [
      part('j-2', { ordinal: 2, state: 'failed', error }),
      part('j-3', { ordinal: 3, state: 'stopping' }),
    ];
    expect(progressOf([old, ...ending])).toMatchObject({ waiting: false, stopping: true });
    expect(progressOf(ending)?.failed.map(({ id }) => id)).toEqual(['j-2']);
    expect(progressOf([jobRecord('r-1', { kind: 'train' })])).toBeUndefined();
  });
});

describe('what can be set up', () => {
  const report: ToolReport = {
    tool: 'tensorflow',
    variant: 'cpu',
    version: '2.16',
    state: 'absent',
    folder: '/tools/tensorflow',
    downloadBytes: 250e6,
    installedBytes: 800e6,
    neededBytes: 1.2e9,
    usedBytes: 0,
    missing: [],
    warnings: [],
    job: null,
  };

  it('says why it cannot be listed, unless the host is away', () => {
    expect(listFailure(new DecantError('FILE_UNREADABLE', 'steps.json'))).toMatchObject({ code: 'FILE_UNREADABLE' });
    expect(listFailure(new Error('broken'))).toMatchObject({ code: 'INTERNAL' });
    expect(listFailure(new DecantError('HOST_GONE', 'no connection'))).toBeUndefined();
  });

  it('says what it costs before, and what it takes after', () => {
    expect(toolTitle(report)).toBe('TensorFlow 2.16 for the processor');
    expect(toolTitle({ ...report, variant: 'cuda' })).toContain('NVIDIA');
    const costs = 'Downloads 250 MB, takes 800 MB afterwards and 1.2 GB at most meanwhile.';
    expect(setupText(report)).toBe(costs);
    expect(setupText({ ...report, state: 'partial', usedBytes: 1e6 })).toBe(`1 MB are there already. ${costs}`);
    expect(setupText({ ...report, state: 'ready', usedBytes: 8e8 })).toBe('800 MB in /tools/tensorflow.');
  });
});
