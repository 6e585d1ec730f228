import { expect, it } from 'vitest';
import { defaultPlanner } from '../../main/engine/tdmpc2/planSettings.ts';
import { architectureOfSize, modelSizes } from '../../shared/architecture.ts';
import { labelOperations, netOperations, operationsOf, updateOperations } from '../../shared/operations.ts';
import * as bench from '../bench/flops.ts';

it('counts a multiplication and an addition for each weight of a net', () => {
  const { q, encoder } = netOperations(architectureOfSize(1));
  // 230 inputs (latent 128, action 6, task 96), two layers of 384, 101 bins.
  expect(q).toBe(2 * (230 * 384 + 384 * 384 + 384 * 101));
  // 120 inputs (observation 24, task 96), one layer of 256, latent 128.
  expect(encoder).toBe(2 * (120 * 256 + 256 * 128));
});

it('counts the official update as the measures of speed do: 10.05 GFLOP', () => {
  expect(updateOperations(architectureOfSize(1), 256) / 1e9).toBeCloseTo(10.05, 2);
});

it.each(modelSizes)('counts as the benchmark against PyTorch does, product by product, at %sM', (size) => {
  const architecture = architectureOfSize(size);
  expect(updateOperations(architecture, 64, 5)).toBe(bench.updateOperations(architecture, 64, 5));
  expect(operationsOf('plan', architecture, 1)).toBe(bench.planOperations(architecture, defaultPlanner));
  expect(labelOperations(architecture, 1)).toBe(bench.labelOperations(architecture));
});

it('grows with the batch, and only the plan does not', () => {
  const architecture = architectureOfSize(5);
  expect(updateOperations(architecture, 128)).toBe(2 * updateOperations(architecture, 64));
  expect(labelOperations(architecture, 30)).toBe(3 * labelOperations(architecture, 10));
  expect(operationsOf('plan', architecture, 1)).toBe(operationsOf('plan', architecture, 9));
});
