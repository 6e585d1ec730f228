import { describe, expect, it } from 'vitest';
import { type Measured } from './measure.ts';
import { readRequest } from './options.ts';
import { type Device } from './protocol.ts';
import { reportLines, reportOf } from './report.ts';
import { designOf } from './sides.ts';

const context = {
  dropout: false,
  batch: 10,
  size: 1,
  machine: {
    system: 'Linux 6',
    processor: 'a processor',
    cores: 2,
    instructions: ['avx2'],
    memoryBytes: 2 ** 34,
    node: 'v24',
  },
  loadBefore: 0.1,
  foreignCores: 0,
  warning: undefined,
};

function reported(args: string, cpuOfEach: readonly (readonly number[])[], device: Device = 'cpu') {
  const request = readRequest(args.split(' '));
  if (request.command !== 'bench') throw new Error('no benchmark');
  const design = designOf(request.options, device);
  const measured = design.sides.map((side, index): Measured => {
    const runs = (cpuOfEach[index] ?? []).map((cpuSeconds) => ({
      steps: 5,
      cpuSeconds,
      wallSeconds: 2 * cpuSeconds,
      drawCpuSeconds: side.program === 'decant' ? cpuSeconds / 10 : null,
      memory: 5e8,
      peakMemory: 6e8,
    }));
    return { side, ready: { name: 'a name', firstSeconds: 1.5 }, runs, foreign: runs.map(() => 0) };
  });
  return reportOf(design, measured, { ...context, what: request.options.what });
}

describe('the report of a benchmark', () => {
  it('has times of one unit and the ratio of each turn', () => {
    const report = reported('update', [
      [1, 2, 3],
      [2, 2, 2],
    ]);
    expect(report.sides[0]?.cpuMs.median).toBeCloseTo(400);
    expect(report.sides[0]?.wallMs.median).toBeCloseTo(800);
    expect(report.sides[0]?.drawCpuMs).toBeCloseTo(40);
    expect(report.sides[1]?.drawCpuMs).toBeNull();
    expect(report.comparisons[0]?.ratios).toEqual([0.5, 1, 1.5]);
    expect(report.comparisons[0]?.summary.median).toBe(1);
  });

  it('divides plans by their environments, so that planning together compares with single plans', () => {
    const report = reported('plan --environments 8 --alone', [[1], [8]]);
    expect(report.comparisons[0]?.ratios[0]).toBeCloseTo(1);
  });

  it('says rows a second of labels, and prints a warning where there is one', () => {
    const report = reported('label --batch 10', [[1], [2]]);
    expect(report.comparisons[0]?.ratios).toEqual([2]);
    const lines = reportLines({ ...report, warning: 'busy' });
    expect(lines.join('\n')).toContain('50 rows a CPU second');
    expect(lines.at(-1)).toBe('warning: busy');
    expect(reportLines(report).join('\n')).not.toContain('warning');
  });

  it('tells rates by the clock where a GPU computes, which takes little CPU time', () => {
    const [cpu, gpu] = (['cpu', 'cuda'] as const).map((device) => reported('label --batch 10', [[1], [2]], device));
    expect(gpu?.sides[0]?.gigaflops).toBeCloseTo((cpu?.sides[0]?.gigaflops ?? 0) / 2, 6);
    const lines = gpu === undefined ? '' : reportLines(gpu).join('\n');
    expect(lines).toContain('25 rows a second');
    expect(lines).not.toContain('CPU second');
  });

  it('survives JSON', () => {
    const report = reported('update', [[1], [2]]);
    expect(JSON.parse(JSON.stringify(report))).toEqual(JSON.parse(JSON.stringify({ ...report, warning: undefined })));
  });
});
