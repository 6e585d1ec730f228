import { type MetricName } from '../../../shared/metrics.ts';
import { type UpdateResult } from '../tdmpc2/agent.ts';

/** Values that a run records of one update, by the names of the metric catalogue. */
export type MetricValues = Partial<Record<MetricName, number>>;

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Metrics of an update; those of distillation only where there is a teacher. */
export function metricsOf({ metrics }: UpdateResult, distils: boolean): MetricValues {
  return {
    totalLoss: metrics.totalLoss,
    consistencyLoss: metrics.consistencyLoss,
    rewardLoss: metrics.rewardLoss,
    valueLoss: metrics.valueLoss,
    weightedConsistencyLoss: metrics.weightedConsistencyLoss,
    weightedRewardLoss: metrics.weightedRewardLoss,
    weightedValueLoss: metrics.weightedValueLoss,
    piLoss: metrics.piLoss,
    modelGradNorm: metrics.modelGradNorm,
    modelGradNormClipped: metrics.modelGradNormClipped,
    piGradNorm: metrics.piGradNorm,
    piGradNormClipped: metrics.piGradNormClipped,
    scale: metrics.scale,
    meanStudentReward: metrics.meanStudentReward,
    ...(distils && {
      distillationLoss: sum(metrics.distillationLosses),
      weightedDistillationLoss: sum(metrics.weightedDistillationLosses),
      meanTeacherReward: metrics.meanTeacherReward,
      teacherStudentMse: metrics.teacherStudentMse,
    }),
  };
}

/** Updates a second over the time since it was last asked. */
export class SpeedMeter {
  #since = performance.now();
  #updates = 0;
  #waited = 0;

  update(waited: number): void {
    this.#updates += 1;
    this.#waited += waited;
  }

  /** The measured metrics of the stretch that ends now. */
  take(): MetricValues {
    const now = performance.now();
    const values: MetricValues = {
      stepsPerSecond: this.#updates / Math.max(1e-3, (now - this.#since) / 1000),
      dataWaitMs: this.#waited / Math.max(1, this.#updates),
      memoryBytes: process.memoryUsage.rss(),
    };
    this.#since = now;
    this.#updates = 0;
    this.#waited = 0;
    return values;
  }
}
