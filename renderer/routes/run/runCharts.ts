import type { RunConfiguration } from '../../../shared/configuration.ts';
import { metricCatalogue, type MetricName } from '../../../shared/metrics.ts';

export interface ChartLine {
  metric: MetricName;
  label: string;
  colour: `--${string}`;
  dash?: readonly number[];
}

export interface ChartPlan {
  title: string;
  unit?: string | undefined;
  lines: readonly ChartLine[];
  /** Starts on a logarithmic axis: its terms differ by orders of magnitude. */
  logarithmic?: boolean;
  /** Shown only once something was recorded: what not every run has. */
  optional?: boolean;
  /** Only for runs of this method. */
  method?: RunConfiguration['method'];
}

const line = (metric: MetricName, label: string, colour: `--${string}`, dash?: readonly number[]): ChartLine => ({
  metric,
  label,
  colour,
  ...(dash !== undefined && { dash }),
});

/** Teacher blue and student amber are kept for what is the teacher's or the student's. */
const terms = { consistency: '--run-3', reward: '--run-2', value: '--run-4', distillation: '--run-5' } as const;

/** The charts of a run's page, in their order. */
export const chartPlans: readonly ChartPlan[] = [
  { title: 'Total loss', lines: [line('totalLoss', 'total', '--run-8')] },
  {
    title: 'Loss terms, raw',
    logarithmic: true,
    lines: [
      line('consistencyLoss', 'consistency', terms.consistency),
      line('rewardLoss', 'reward', terms.reward),
      line('valueLoss', 'value', terms.value),
      line('distillationLoss', 'distillation', terms.distillation),
    ],
  },
  {
    title: 'Loss terms, weighted',
    logarithmic: true,
    lines: [
      line('weightedConsistencyLoss', 'consistency', terms.consistency),
      line('weightedRewardLoss', 'reward', terms.reward),
      line('weightedValueLoss', 'value', terms.value),
      line('weightedDistillationLoss', 'distillation', terms.distillation),
    ],
  },
  {
    title: 'R_teacher and R_student, batch mean',
    method: 'distil',
    lines: [line('meanTeacherReward', 'R_teacher', '--teacher'), line('meanStudentReward', 'R_student', '--student')],
  },
  {
    title: 'Predicted reward, batch mean',
    method: 'scratch',
    lines: [line('meanStudentReward', 'predicted reward', '--run-8')],
  },
  {
    title: 'Squared difference of R_teacher and R_student',
    logarithmic: true,
    optional: true,
    lines: [line('teacherStudentMse', 'squared difference', '--student')],
  },
  {
    title: 'Squared reward error on held-out episodes',
    optional: true,
    lines: [line('validationRewardError', 'held-out error', '--student')],
  },
  {
    title: 'Gradient norms',
    logarithmic: true,
    lines: [
      line('modelGradNorm', 'model', '--run-2'),
      line('modelGradNormClipped', 'model, clipped', '--run-2', [4, 3]),
      line('piGradNorm', 'policy', '--run-3'),
      line('piGradNormClipped', 'policy, clipped', '--run-3', [4, 3]),
    ],
  },
  { title: 'Policy loss', lines: [line('piLoss', 'policy', '--run-8')] },
  { title: 'Running scale of Q', lines: [line('scale', 'scale', '--run-8')] },
  plain('stepsPerSecond'),
  plain('dataWaitMs'),
  plain('memoryBytes'),
];

function plain(metric: 'stepsPerSecond' | 'dataWaitMs' | 'memoryBytes'): ChartPlan {
  const { title, unit = '' } = metricCatalogue[metric];
  return { title, unit, lines: [line(metric, title.toLowerCase(), '--run-8')] };
}
