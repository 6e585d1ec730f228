import { type Hyperparameters } from '../../../shared/hyperparameters.ts';
import { DecantError } from '../../../shared/errors.ts';

/** The metrics of one update, in the order of the output `metrics`; with one raw loss for each distillation term after them. */
export const updateMetricNames = [
  'consistencyLoss',
  'rewardLoss',
  'valueLoss',
  'totalLoss',
  'piLoss',
  'modelGradNorm',
  'modelGradNormClipped',
  'modelGradNormFresh',
  'piGradNorm',
  'piGradNormClipped',
  'scale',
  'meanTeacherReward',
  'meanStudentReward',
  'teacherStudentMse',
] as const;
export type UpdateMetricName = (typeof updateMetricNames)[number];

export type UpdateMetrics = Record<UpdateMetricName, number> & {
  /** Raw loss of each distillation term. */
  distillationLosses: number[];
  /** Each part of the total, times its coefficient. */
  weightedConsistencyLoss: number;
  weightedRewardLoss: number;
  weightedValueLoss: number;
  weightedDistillationLosses: number[];
};

/**
 * The output `metrics` by name, with the weighted losses.
 * @param coefficients of the distillation terms, in their order.
 */
export function updateMetrics(
  values: Float32Array,
  hyperparameters: Hyperparameters,
  coefficients: readonly number[],
): UpdateMetrics {
  const value = (name: UpdateMetricName) => values[updateMetricNames.indexOf(name)] ?? Number.NaN;
  const distillationLosses = [...values.subarray(updateMetricNames.length)];
  return {
    consistencyLoss: value('consistencyLoss'),
    rewardLoss: value('rewardLoss'),
    valueLoss: value('valueLoss'),
    totalLoss: value('totalLoss'),
    piLoss: value('piLoss'),
    modelGradNorm: value('modelGradNorm'),
    modelGradNormClipped: value('modelGradNormClipped'),
    modelGradNormFresh: value('modelGradNormFresh'),
    piGradNorm: value('piGradNorm'),
    piGradNormClipped: value('piGradNormClipped'),
    scale: value('scale'),
    meanTeacherReward: value('meanTeacherReward'),
    meanStudentReward: value('meanStudentReward'),
    teacherStudentMse: value('teacherStudentMse'),
    distillationLosses,
    weightedConsistencyLoss: value('consistencyLoss') * hyperparameters.consistencyCoef,
    weightedRewardLoss: value('rewardLoss') * hyperparameters.rewardCoef,
    weightedValueLoss: value('valueLoss') * hyperparameters.valueCoef,
    weightedDistillationLosses: distillationLosses.map((loss, index) => loss * (coefficients[index] ?? 0)),
  };
}

/** Errors: DIVERGED where a loss or gradient norm of update `number` is not finite. */
export function requireFinite(metrics: UpdateMetrics, number: number): void {
  for (const name of ['totalLoss', 'piLoss', 'modelGradNorm', 'piGradNorm'] as const)
    if (!Number.isFinite(metrics[name])) throw new DecantError('DIVERGED', `${name} of update ${number} is not finite`);
}
