/** What a training run records at each logged update. */
export interface MetricMeta {
  title: string;
  unit?: string;
  /** Follows from configuration, data and backend alone, so that a replay after a resume must give the same value. */
  reproducible: boolean;
}

const loss = (title: string): MetricMeta => ({ title, reproducible: true });
const measured = (title: string, unit: string): MetricMeta => ({ title, unit, reproducible: false });

export const metricCatalogue = {
  totalLoss: loss('Total loss'),
  consistencyLoss: loss('Consistency loss, raw'),
  rewardLoss: loss('Reward loss, raw'),
  valueLoss: loss('Value loss, raw'),
  distillationLoss: loss('Distillation loss, raw'),
  weightedConsistencyLoss: loss('Consistency loss, weighted'),
  weightedRewardLoss: loss('Reward loss, weighted'),
  weightedValueLoss: loss('Value loss, weighted'),
  weightedDistillationLoss: loss('Distillation loss, weighted'),
  piLoss: loss('Policy loss'),
  modelGradNorm: loss('Model gradient norm before clipping'),
  modelGradNormClipped: loss('Model gradient norm after clipping'),
  piGradNorm: loss('Policy gradient norm before clipping'),
  piGradNormClipped: loss('Policy gradient norm after clipping'),
  scale: loss('Running scale of Q'),
  meanTeacherReward: loss('Mean R_teacher'),
  meanStudentReward: loss('Mean R_student'),
  teacherStudentMse: loss('Squared difference of R_teacher and R_student'),
  validationRewardError: loss('Squared reward error on held-out episodes'),
  stepsPerSecond: measured('Speed', 'updates/s'),
  /** Made by the store from the speeds: the time that the updates took, without pauses between attempts. */
  trainingSeconds: measured('Training time', 's'),
  dataWaitMs: measured('Time waited for data', 'ms'),
  memoryBytes: measured('Resident memory of the engine', 'B'),
} as const satisfies Record<string, MetricMeta>;

export type MetricName = keyof typeof metricCatalogue;

/** Whether two computations of the metric must agree to the last bit; unknown names are taken to. */
export function isReproducible(metric: string): boolean {
  return metric in metricCatalogue ? metricCatalogue[metric as MetricName].reproducible : true;
}
