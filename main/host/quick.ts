import { quickPour } from '../../shared/presets.ts';
import { type RunConfigurationInput } from '../../shared/configuration.ts';
import { type JobService } from '../jobs/service.ts';

/**
 * Queues the quick pour as one group, in this order: collect, teacher, student, export, assess. The seed moves all of its randomness.
 */
export function startQuickPour(
  jobs: JobService,
  seed: number = quickPour.seed,
): Promise<{ group: string; jobs: string[] }> {
  const { validationEpisodes, batchSize, hyperparameters, teacher, student } = quickPour;
  // Each stage names the stages before it by their place.
  const [dataset, teacherRun, studentRun] = ['job:#0', 'job:#1', 'job:#2'];
  const common = { dataset, validationEpisodes, batchSize, hyperparameters, seed };
  const teacherConfiguration: RunConfigurationInput = {
    ...common,
    name: 'Quick pour: teacher',
    method: 'scratch',
    student: { size: teacher.size },
    steps: teacher.steps,
    checkpointEvery: teacher.steps,
  };
  const studentConfiguration: RunConfigurationInput = {
    ...common,
    name: 'Quick pour: student',
    method: 'distil',
    teacher: teacherRun,
    student: { size: student.size },
    distillation: { coefficient: student.coefficient },
    steps: student.steps,
    checkpointEvery: student.steps,
  };
  return jobs.enqueueGroup('quick', quickPour.title, [
    {
      kind: 'collect',
      configuration: {
        tasks: [...quickPour.tasks],
        episodes: quickPour.episodesPerTask,
        seed,
        name: 'Quick pour: data',
      },
    },
    { kind: 'train', configuration: teacherConfiguration },
    { kind: 'train', configuration: studentConfiguration },
    { kind: 'export', configuration: { checkpoint: studentRun, ...quickPour.export } },
    {
      kind: 'assess',
      configuration: { dataset, student: studentRun, teacher: teacherRun, validationEpisodes, seed },
    },
  ]);
}
