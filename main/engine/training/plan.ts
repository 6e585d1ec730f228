import { architectureOfSize, type Architecture } from '../../../shared/architecture.ts';
import { distillationTerms, type DistillationTerm, type RunConfiguration } from '../../../shared/configuration.ts';
import { DecantError } from '../../../shared/errors.ts';
import type { CheckpointInput } from '../../../shared/jobFolder.ts';
import { Dataset } from '../../data/dataset.ts';
import { WindowSampler } from '../../data/sampler.ts';
import { type Session } from '../session.ts';
import { labelledSteps } from '../tdmpc2/distill.ts';

/** Everything that a run's configuration and inputs amount to, before anything is computed. */
export interface TrainingPlan {
  configuration: RunConfiguration;
  architecture: Architecture;
  terms: DistillationTerm[];
  dataset: Dataset;
  sampler: WindowSampler;
  /** The teacher, and the number of steps of each window that need its reward; absent from scratch. */
  teacher: CheckpointInput | undefined;
  labelSteps: number;
}

function requireFit(what: string, architecture: Architecture, student: Architecture): void {
  for (const key of ['obsDim', 'actionDim', 'numTasks'] as const)
    if (architecture[key] !== student[key])
      throw new DecantError(
        'TEACHER_MISMATCH',
        `${what} has ${key} ${architecture[key]}, the dataset and the student ${student[key]}`,
      );
}

/** Errors: those of the dataset, TEACHER_MISMATCH, TEACHER_MISSING, CONFIG_INVALID. */
export async function planTraining(session: Session, configuration: RunConfiguration): Promise<TrainingPlan> {
  const { student, hyperparameters, batchSize, seed, validationEpisodes } = configuration;
  const architecture = architectureOfSize(student.size, student.numQ);
  const terms = distillationTerms(configuration);
  const teacher = terms.length === 0 ? undefined : session.checkpoint('teacher');
  if (teacher !== undefined) requireFit('the teacher', teacher.architecture, architecture);
  if (student.init !== 'random') requireSame(session.checkpoint('init').architecture, architecture);
  const dataset = await Dataset.open(session.paths, session.dataset('dataset').manifest);
  const { horizon } = hyperparameters;
  const sampler = new WindowSampler(dataset.manifest, { seed, batchSize, horizon, validationEpisodes });
  return { configuration, architecture, terms, dataset, sampler, teacher, labelSteps: labelledSteps(terms, horizon) };
}

function requireSame(init: Architecture, student: Architecture): void {
  const keys = Object.keys(student) as (keyof Architecture)[];
  const different = keys.find((key) => init[key] !== student[key]);
  if (different !== undefined)
    throw new DecantError(
      'CONFIG_INVALID',
      `student.init: the checkpoint has ${different} ${init[different]}, the student ${student[different]}`,
    );
}
