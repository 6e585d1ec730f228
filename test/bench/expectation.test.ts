import { describe, expect, it } from 'vitest';
import { architectureOfSize } from '../../shared/architecture.ts';
import { defaultPlanner } from '../../main/engine/tdmpc2/planSettings.ts';
import { assumptions, expectUpdate, kernelBudget, kernelMicroseconds, rtx3060 } from './expectation.ts';
import { labelOperations, planOperations, updateOperations } from './flops.ts';
import { updateKernels } from './gpuKernels.ts';

const small = architectureOfSize(1);

describe('operations', () => {
  it('counts 10.05 GFLOP for an update of 1M at batch 256', () => {
    expect(updateOperations(small, 256) / 1e9).toBeCloseTo(10.05, 2);
  });

  it('counts 15.2 GFLOP for a plan and 0.159 GFLOP for a label of the 317M teacher', () => {
    expect(planOperations(small, defaultPlanner) / 1e9).toBeCloseTo(15.2, 1);
    expect(labelOperations(architectureOfSize(317)) / 1e9).toBeCloseTo(0.159, 3);
  });

  it('has them all in the kernels of an update, whatever is fused', () => {
    for (const fusion of ['eager', 'fused'] as const)
      for (const size of [1, 5, 48] as const) {
        const architecture = architectureOfSize(size);
        const inKernels = updateKernels(architecture, 256, fusion).reduce((sum, { operations }) => sum + operations, 0);
        expect(inKernels).toBe(updateOperations(architecture, 256));
      }
  });
});

describe('expected time on a GPU', () => {
  it('is never below the products at the peak or the memory at its rate', () => {
    for (const kernel of updateKernels(small, 256, 'eager')) {
      const time = kernelMicroseconds(rtx3060, kernel);
      expect(time).toBeGreaterThanOrEqual(kernel.operations / (rtx3060.teraflops * 1e6));
      expect(time).toBeGreaterThanOrEqual(kernel.bytes / (rtx3060.gigabytes * 1e3));
    }
  });

  it('counts a lone block as a whole wave', () => {
    const kernel = { operations: 2 * 64 * 64 * 1024, bytes: 0, result: [64, 64] as const };
    const wave = { operations: 28 * 2 * 64 * 64 * 1024, bytes: 0, result: [64 * 28, 64] as const };
    expect(kernelMicroseconds(rtx3060, kernel)).toBeCloseTo(kernelMicroseconds(rtx3060, wave), 9);
  });

  it('falls from eager to fused, and stays above the floor', () => {
    const { ways, floorMs } = expectUpdate(rtx3060, small, 256);
    const [eager, compiled, fused, graph] = ways.map(({ stepMs }) => stepMs[1]);
    expect(eager).toBeGreaterThan(compiled ?? 0);
    expect(compiled).toBeGreaterThan(fused ?? 0);
    expect(fused).toBeGreaterThanOrEqual(graph ?? 0);
    expect(graph).toBeGreaterThan(floorMs);
  });

  it('leaves no time for anything else where the products alone take longer', () => {
    expect(kernelBudget(expectUpdate(rtx3060, small, 256), 3)).toBeGreaterThan(0);
    expect(kernelBudget(expectUpdate(rtx3060, architectureOfSize(48), 256), 3)).toBeLessThan(0);
  });

  it('counts masks fed as float32 four times as bytes', () => {
    const { withoutMasks, masksAsBytes, masksAsFloats } = expectUpdate(rtx3060, small, 256).feedMs;
    expect((masksAsFloats - withoutMasks) / (masksAsBytes - withoutMasks)).toBeCloseTo(4, 6);
    // Two Qs of 384 features on 3 x 256 rows twice and 4 x 256 once.
    const bytes = 2 * 384 * 256 * 10;
    expect(masksAsBytes - withoutMasks).toBeCloseTo(bytes / (assumptions.feedGigabytes * 1e6), 6);
  });
});
