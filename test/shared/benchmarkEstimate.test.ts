import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { architectureOfSize, modelSizes } from '../../shared/architecture.ts';
import { estimateByBenchmark, labelSecondsByBenchmark } from '../../shared/benchmarkEstimate.ts';
import { runConfigurationSchema, type RunConfigurationInput } from '../../shared/configuration.ts';
import type { BenchmarkRecord } from '../../shared/device.ts';
import { updateOperations } from '../../shared/operations.ts';
import { benchmarkFigure } from '../support/deviceRecords.ts';

const figure = (changes: Partial<BenchmarkRecord> = {}) => benchmarkFigure({ benchmark: 'g-2', ...changes });
const run = (changes: Partial<RunConfigurationInput> = {}) =>
  runConfigurationSchema.parse({ method: 'scratch', dataset: 'd', batchSize: 64, steps: 1000, ...changes });

describe('an estimate by the benchmark', () => {
  it('is the figure itself where the same update was measured', () => {
    const measured = figure();
    expect(estimateByBenchmark(run(), [measured])).toEqual({
      from: measured,
      factor: 1,
      secondsPerStep: 0.02,
      trainingSeconds: 20,
    });
  });

  it('is scaled by operations from the nearest update that was measured', () => {
    const figures = [figure({ batchSize: 256, milliseconds: 60 }), figure()];
    const near = estimateByBenchmark(run({ batchSize: 200 }), figures);
    expect(near?.from.batchSize).toBe(256);
    expect(near?.secondsPerStep).toBeCloseTo((0.06 * 200) / 256, 12);
    expect(estimateByBenchmark(run({ batchSize: 32 }), figures)?.secondsPerStep).toBeCloseTo(0.01, 12);
    const large = estimateByBenchmark(run({ student: { size: 5 }, batchSize: 256 }), figures);
    const factor = updateOperations(architectureOfSize(5), 256) / updateOperations(architectureOfSize(1), 256);
    expect(large?.secondsPerStep).toBeCloseTo(0.06 * factor, 12);
  });

  it('comes from the same model first, then from the same batch', () => {
    const from = (changes: Partial<RunConfigurationInput>, figures: readonly BenchmarkRecord[]) => {
      const found = estimateByBenchmark(run(changes), figures)?.from;
      return found && [found.size, found.batchSize];
    };
    const large = { student: { size: 5 }, batchSize: 256 } as const;
    const figures = [figure({ batchSize: 256 }), figure({ size: 5, batchSize: 64 })];
    // By operations alone the small model would be nearer to some of them.
    expect(from(large, figures)).toEqual([5, 64]);
    expect(from(large, figures.toReversed())).toEqual([5, 64]);
    expect(from({ student: { size: 5 }, batchSize: 1 }, [figure({ batchSize: 16 }), ...figures])).toEqual([5, 64]);
    expect(from(large, [figure({ batchSize: 1024 }), figure({ batchSize: 256 })])).toEqual([1, 256]);
    expect(from(large, [...figures, figure({ size: 5, batchSize: 256 })])).toEqual([5, 256]);
    expect(from({ student: { size: 5, numQ: 2 }, batchSize: 256 }, figures)).toEqual([5, 64]);
    expect(from({ batchSize: 200 }, [figure(), figure({ batchSize: 256 })])).toEqual([1, 256]);
  });

  it('never takes less for more work', () => {
    const batches = fc.integer({ min: 1, max: 4096 });
    fc.assert(
      fc.property(batches, batches, fc.constantFrom(...modelSizes), (one, other, size) => {
        const seconds = (batchSize: number): number =>
          estimateByBenchmark(run({ batchSize, student: { size } }), [figure()])?.secondsPerStep ?? Number.NaN;
        const [low, high] = [Math.min(one, other), Math.max(one, other)];
        expect(seconds(low)).toBeLessThanOrEqual(seconds(high));
      }),
    );
  });

  it('goes by the newest benchmark of the backend on this machine, and by what auto meant then', () => {
    const figures = [
      figure({ benchmark: 'g-3', here: false, milliseconds: 1 }),
      figure({ benchmark: 'g-2', backend: 'wasm', automatic: false, milliseconds: 200 }),
      figure({ benchmark: 'g-2', milliseconds: 20 }),
      figure({ benchmark: 'g-1', milliseconds: 30 }),
      figure({ benchmark: 'g-1', backend: 'tensorflow', automatic: false, milliseconds: 40 }),
    ];
    const milliseconds = (backend: NonNullable<RunConfigurationInput['backend']>): number | undefined =>
      estimateByBenchmark(run({ backend }), figures)?.from.milliseconds;
    expect(milliseconds('auto')).toBe(20);
    expect(milliseconds('wasm')).toBe(200);
    expect(milliseconds('tfjs-node')).toBeUndefined();
    expect(estimateByBenchmark(run(), [])).toBeUndefined();
    // Measured on two threads: nothing is known of one. Eager wasm has one in any case.
    expect(estimateByBenchmark(run({ threads: 1 }), figures)).toBeUndefined();
    expect(estimateByBenchmark(run({ threads: 2 }), figures)?.from.milliseconds).toBe(20);
    expect(
      estimateByBenchmark(run({ threads: 2, backend: 'wasm' }), [figure({ backend: 'wasm', threads: 1 })]),
    ).toBeDefined();
    // A plan says nothing about an update.
    expect(estimateByBenchmark(run(), [figure({ work: 'plan' })])).toBeUndefined();
  });
});

describe('the time of labels by the benchmark', () => {
  const figures = [figure({ work: 'label', size: 317, batchSize: 64, milliseconds: 500 })];

  it('grows with the rows and with the teacher', () => {
    const teacher = architectureOfSize(317);
    const auto = { backend: 'auto', threads: 0 } as const;
    expect(labelSecondsByBenchmark(teacher, 640, auto, figures)).toBeCloseTo(5, 12);
    expect(labelSecondsByBenchmark(teacher, 0, auto, figures)).toBe(0);
    const small = labelSecondsByBenchmark(architectureOfSize(5), 640, auto, figures) ?? Number.NaN;
    expect(small).toBeLessThan(0.1);
    expect(labelSecondsByBenchmark(teacher, 640, { ...auto, backend: 'wasm' }, figures)).toBeUndefined();
  });
});
