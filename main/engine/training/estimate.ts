import type { Estimate } from '../../../shared/results.ts';
import { readBatch, readRowInputs } from '../../data/batches.ts';
import { type Dataset } from '../../data/dataset.ts';
import { countRowsOfRun, rowsOfRun } from '../../data/labelPlan.ts';
import { TeacherLabels } from '../../data/labels.ts';
import { type Batch } from '../../data/windows.ts';
import { startBackend } from '../compute/backend.ts';
import { type Backend } from '../compute/program.ts';
import { describeMachine } from '../machine.ts';
import { type Outcome, type Session } from '../session.ts';
import { freshState } from '../tdmpc2/agentState.ts';
import { initialParameters, parameterCounts } from '../tdmpc2/parameters.ts';
import { drawUpdate } from '../tdmpc2/random.ts';
import { teacherRewards } from './labelling.ts';
import { withoutTeacher } from './memory.ts';
import { guardMemory, peakMemory } from './memoryGuard.ts';
import { planTraining, type TrainingPlan } from './plan.ts';
import { loadRewardPredictor } from './teacher.ts';
import { newAgent } from './train.ts';

/** Updates that are timed after a first one, which allocates. */
const timedUpdates = 2;
/** Updates whose label rows are counted exactly; the rest is taken to be like them. */
const countedUpdates = 2000;
const timedLabelRows = 256;

interface UpdateTime {
  secondsPerStep: number;
  /** Of them those in which the teacher labels the batch. */
  teacherSeconds: number;
}

/**
 * Seconds of an update, measured on real batches with an untrained model. A teacher that labels on the fly does so here too: with a big one that is
 * most of the time, and of the memory.
 */
async function measureUpdates(
  session: Session,
  plan: TrainingPlan,
  dataset: Dataset,
  backend: Backend,
): Promise<UpdateTime> {
  const { architecture, configuration, sampler, terms, labelSteps } = plan;
  const { batchSize, seed, hyperparameters } = configuration;
  const { horizon, dropout } = hyperparameters;
  const { actionDim, numQ, mlpDim } = architecture;
  const agent = newAgent(plan, backend, dataset.episodeLength);
  agent.load(freshState(initialParameters(architecture, seed), architecture));
  using teacher = configuration.labels === 'onTheFly' ? await teacherRewards(session, plan, backend) : undefined;
  // Labels of a column are as quick to read as the rewards of the data.
  const read = (batch: Batch): Promise<Float32Array> =>
    teacher?.read(batch) ?? Promise.resolve(batch.reward.slice(0, labelSteps * batchSize));
  let begun = 0;
  let taught = 0;
  for (let step = 1; step <= 1 + timedUpdates; step++) {
    if (step === 2) [begun, taught] = [performance.now(), 0];
    const batch = readBatch(dataset, sampler.windows(step), horizon);
    const asked = performance.now();
    const teacherReward = terms.length === 0 ? undefined : await read(batch);
    if (teacher !== undefined) taught += performance.now() - asked;
    await agent.update(
      { ...batch, teacherReward },
      drawUpdate(seed, step, { horizon, batchSize, actionDim, numQ, mlpDim, dropout }),
    );
    await session.progress('measuring', step, 1 + timedUpdates, 'updates');
    await session.breathe();
    session.signal.throwIfAborted();
  }
  const secondsPerStep = (performance.now() - begun) / 1000 / timedUpdates;
  agent.dispose();
  return { secondsPerStep, teacherSeconds: taught / 1000 / timedUpdates };
}

/** Rows that still need a label, the seconds that this takes here, and whether the dataset is labelled completely. */
async function measureLabels(
  session: Session,
  plan: TrainingPlan,
  backend: Backend,
): Promise<{ rows: number; seconds: number; complete: boolean }> {
  const { teacher, dataset, sampler, labelSteps, configuration } = plan;
  if (teacher === undefined || configuration.labels !== 'cached') return { rows: 0, seconds: 0, complete: false };
  using labels = await TeacherLabels.open(session.paths, dataset, teacher.sha256);
  const counted = Math.min(configuration.steps, countedUpdates);
  const range = { fromStep: 1, toStep: counted, steps: labelSteps };
  const inCounted = countRowsOfRun(dataset, sampler, range, labels);
  const { done, total } = labels.coverage();
  const rows = Math.min(total - done, Math.round((inCounted * configuration.steps) / counted));
  if (rows === 0) return { rows, seconds: 0, complete: done === total };
  using predictor = await loadRewardPredictor(session.paths, teacher, backend);
  const sample = { segment: [] as number[], episode: [] as number[], row: [] as number[] };
  for (const { rows: some } of rowsOfRun(dataset, sampler, range)) {
    sample.segment.push(...some.segment);
    sample.episode.push(...some.episode);
    sample.row.push(...some.row);
    if (sample.row.length >= timedLabelRows) break;
  }
  const inputs = readRowInputs(dataset, sample);
  await predictor.predict(inputs);
  const begun = performance.now();
  await predictor.predict(inputs);
  return { rows, seconds: ((performance.now() - begun) / 1000 / inputs.count) * rows, complete: false };
}

/**
 * Measures a few updates and labels of a configuration in this process, so that time and memory are told from what happened
 * rather than guessed. Errors: MEMORY_INSUFFICIENT (before anything is allocated), and those of a run's start.
 */
export async function estimate(session: Session): Promise<Outcome> {
  const configuration = session.configuration('estimate');
  const plan = await planTraining(session, configuration);
  using dataset = plan.dataset;
  const backend = await startBackend(configuration.backend, configuration);
  await session.started(0, describeMachine(backend));
  const { steps } = configuration;
  const guarded = await guardMemory(session, plan, backend);
  const { secondsPerStep, teacherSeconds } = await measureUpdates(session, plan, dataset, backend);
  const label = await measureLabels(session, plan, backend);
  const need = label.complete ? withoutTeacher(guarded.need) : guarded.need;
  const { trainable, stored } = parameterCounts(plan.architecture);
  const result: Estimate = {
    secondsPerStep,
    trainingSeconds: secondsPerStep * steps,
    teacherSecondsPerStep: teacherSeconds,
    labelSeconds: label.seconds,
    windowsToLabel: label.rows,
    // A run goes on where this ends: a reader of data, checkpoints, what waits to be collected. What it was guarded by knows of them.
    memoryBytes: Math.max(need.totalBytes, peakMemory()),
    freeMemoryBytes: guarded.reachable,
    checkpointBytes: 4 * (stored + 2 * trainable),
    backend: backend.name,
  };
  await session.acknowledge({ type: 'result', result: { kind: 'estimate', estimate: result } });
  return 'finished';
}
