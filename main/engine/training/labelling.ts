import { existsSync } from 'node:fs';
import { labelRows, rowsOfRun } from '../../data/labelPlan.ts';
import { RowBuffer, type LabelRows } from '../../data/labelRows.ts';
import { TeacherLabels } from '../../data/labels.ts';
import { type Batch } from '../../data/windows.ts';
import { labelFile } from '../../files/library.ts';
import { type Backend } from '../compute/program.ts';
import { type Session } from '../session.ts';
import { type TrainingPlan } from './plan.ts';
import { loadRewardPredictor } from './teacher.ts';

/** Rows that a teacher computes between two looks at the stop signal. */
export const labelBatch = 1024;
/** Windows that are labelled ahead at once: the teacher is loaded for them and given up again. */
const windowsAhead = 65_536;

/** Whether a run with kept labels has yet to make some: what decides whether it needs its teacher at all. */
export async function lacksLabels(session: Session, plan: TrainingPlan): Promise<boolean> {
  const { dataset, sampler, labelSteps, configuration } = plan;
  const { sha256 } = session.checkpoint('teacher');
  // Opening would make columns that are missing.
  if (!dataset.segments.every((segment) => existsSync(labelFile(session.paths, sha256, segment.sha256)))) return true;
  using labels = await TeacherLabels.open(session.paths, dataset, sha256);
  const fromStep = (session.start.resume?.step ?? 0) + 1;
  const range = { fromStep, toStep: configuration.steps, steps: labelSteps };
  for (const { step, rows } of rowsOfRun(dataset, sampler, range, labels)) {
    if (rows.count > 0) return true;
    if (step % 1000 === 0) await session.breathe();
    session.signal.throwIfAborted();
  }
  return false;
}

/** Where an update's teacher rewards come from. */
export interface TeacherRewards extends Disposable {
  /** Makes the labels of update `step` available, and of a stretch after it. False: the job was asked to stop. */
  prepare(step: number): Promise<boolean>;
  /** float32 [labelSteps, B]. */
  read(batch: Batch): Promise<Float32Array>;
}

function join(parts: Iterable<{ rows: LabelRows }>): RowBuffer {
  const all = new RowBuffer();
  for (const { rows } of parts)
    for (let index = 0; index < rows.count; index++)
      all.push(rows.segment[index] ?? 0, rows.episode[index] ?? 0, rows.row[index] ?? 0);
  return all;
}

/** Says how much of the dataset the teacher has labelled; what was written must be on the disk. */
export function recordLabels(session: Session, labels: TeacherLabels): Promise<void> {
  const { manifest } = session.dataset('dataset');
  return session.record({ type: 'labels', manifest, teacher: labels.teacher, ...labels.coverage() });
}

/**
 * Computes the labels of rows with the teacher loaded for just as long. False: the job was asked to stop; what was computed
 * is kept. Errors: DISK_FULL, those of the dataset.
 */
async function computeLabels(
  session: Session,
  labels: TeacherLabels,
  rows: LabelRows,
  teacher: Parameters<typeof loadRewardPredictor>[1],
  backend: Backend,
): Promise<boolean> {
  if (rows.count === 0) return true;
  using predictor = await loadRewardPredictor(session.paths, teacher, backend);
  for (let start = 0; start < rows.count; start += labelBatch) {
    if (session.signal.aborted) break;
    const end = Math.min(rows.count, start + labelBatch);
    const part: LabelRows = {
      count: end - start,
      segment: rows.segment.slice(start, end),
      episode: rows.episode.slice(start, end),
      row: rows.row.slice(start, end),
    };
    await labelRows(labels, part, (inputs) => predictor.predict(inputs), labelBatch);
    await session.progress('labelling', end, rows.count, 'rows');
    await session.breathe();
  }
  labels.flush();
  return !session.signal.aborted;
}

/** Labels from the column beside the data, filled a stretch of updates ahead of training. */
async function cachedRewards(session: Session, plan: TrainingPlan, backend: Backend): Promise<TeacherRewards> {
  const teacher = session.checkpoint('teacher');
  const { dataset, sampler, labelSteps, configuration } = plan;
  const labels = await TeacherLabels.open(session.paths, dataset, teacher.sha256);
  const stretch = Math.max(1, Math.floor(windowsAhead / configuration.batchSize));
  let preparedTo = 0;
  let counted = false;
  return {
    prepare: async (step) => {
      if (step <= preparedTo) return true;
      const toStep = Math.min(configuration.steps, step + stretch - 1);
      const rows = join(rowsOfRun(dataset, sampler, { fromStep: step, toStep, steps: labelSteps }, labels));
      const done = await computeLabels(session, labels, rows, teacher, backend);
      // Also without anything new: the rows of another dataset with the same segments count for this one.
      if (rows.count > 0 || !counted) await recordLabels(session, labels);
      counted = true;
      if (done) preparedTo = toStep;
      return done;
    },
    read: ({ windows }) => Promise.resolve(labels.read(windows, labelSteps)),
    [Symbol.dispose]: () => labels.close(),
  };
}

/** Labels computed for each batch as it comes, with the teacher kept in memory. */
async function rewardsOnTheFly(session: Session, plan: TrainingPlan, backend: Backend): Promise<TeacherRewards> {
  const predictor = await loadRewardPredictor(session.paths, session.checkpoint('teacher'), backend);
  const { labelSteps } = plan;
  const { obsDim, actionDim } = plan.architecture;
  return {
    prepare: () => Promise.resolve(true),
    read: ({ obs, action, task, batchSize }) => {
      const rows = labelSteps * batchSize;
      const tasks = new Int32Array(rows);
      for (let step = 0; step < labelSteps; step++) tasks.set(task, step * batchSize);
      return predictor.predict({
        obs: obs.subarray(0, rows * obsDim),
        action: action.subarray(0, rows * actionDim),
        task: tasks,
      });
    },
    [Symbol.dispose]: () => predictor[Symbol.dispose](),
  };
}

/** Teacher rewards as the configuration asks for them; undefined from scratch. */
export async function teacherRewards(
  session: Session,
  plan: TrainingPlan,
  backend: Backend,
): Promise<TeacherRewards | undefined> {
  if (plan.teacher === undefined) return undefined;
  return plan.configuration.labels === 'cached'
    ? cachedRewards(session, plan, backend)
    : rewardsOnTheFly(session, plan, backend);
}
