import { expect, test } from 'vitest';
import {
  initialParameters,
  parameterCounts,
  parameterSpecifications,
} from '../../../../main/engine/tdmpc2/parameters.ts';
import { architectureOfSize, type ModelSize } from '../../../../shared/architecture.ts';
import { tiny } from './tiny.ts';

// Counted on the official classes (size, Qs, trainable, target Qs, stored, encoder + reward + task embedding).
test.each<[ModelSize, number | undefined, number, number, number, number]>([
  [1, undefined, 1_426_427, 553_930, 1_980_357, 344_485],
  [5, undefined, 5_241_066, 3_075_065, 8_316_131, 772_837],
  [19, undefined, 16_031_210, 8_771_065, 24_802_275, 3_426_789],
  [48, undefined, 48_242_410, 24_524_025, 72_766_435, 12_881_637],
  [317, undefined, 317_316_889, 186_155_816, 503_472_705, 79_784_901],
  [5, 2, 3_396_027, 1_230_026, 4_626_053, 772_837],
  [19, 2, 10_768_571, 3_508_426, 14_276_997, 3_426_789],
  [48, 2, 33_527_995, 9_809_610, 43_337_605, 12_881_637],
])('size %i with %s Qs has the official counts', (size, numQ, trainable, targetQs, stored, rewardTeacher) => {
  const counts = parameterCounts(architectureOfSize(size, numQ));
  expect(counts).toMatchObject({ trainable, targetQs, stored, rewardTeacher });
});

test('the 1M model has the 61 tensors of a checkpoint', () => {
  const specifications = parameterSpecifications(architectureOfSize(1));
  expect(specifications).toHaveLength(61);
  expect(specifications[0]).toMatchObject({ name: '_task_emb.weight', shape: [30, 96] });
  expect(specifications.at(-1)).toMatchObject({ name: '_target_Qs.params.9', shape: [2, 101] });
});

test('fresh weights follow the official initialisation', () => {
  const parameters = initialParameters(architectureOfSize(1), 5);
  const values = (name: string) => parameters.get(name)?.data ?? new Float32Array();
  const weight = values('_dynamics.1.weight');
  const deviation = Math.sqrt(weight.reduce((sum, value) => sum + value * value, 0) / weight.length);
  expect(deviation).toBeCloseTo(0.02, 3);
  expect(values('_reward.2.weight').every((value) => value === 0)).toBe(true);
  expect(values('_Qs.params.8').every((value) => value === 0)).toBe(true);
  expect(values('_pi.2.weight').every((value) => value !== 0)).toBe(true);
  expect(Math.max(...values('_task_emb.weight').map(Math.abs))).toBeLessThanOrEqual(0.02);
  expect(values('_target_Qs.params.0')).toEqual(values('_Qs.params.0'));
  expect(values('_target_Qs.params.0')).not.toBe(values('_Qs.params.0'));
});

test('fresh weights depend on the seed alone', () => {
  expect(initialParameters(tiny, 1)).toEqual(initialParameters(tiny, 1));
  expect(initialParameters(tiny, 1)).not.toEqual(initialParameters(tiny, 2));
});
