import { BatchStream } from '../../data/prefetch.ts';
import { startBackend } from '../compute/backend.ts';
import { type Backend } from '../compute/program.ts';
import { describeMachine } from '../machine.ts';
import { type Outcome, type Session } from '../session.ts';
import { createAgent, type Agent } from '../tdmpc2/agent.ts';
import { drawUpdate, type UpdateRandomness } from '../tdmpc2/random.ts';
import { heldOutReward } from './heldOut.ts';
import { teacherRewards, type TeacherRewards } from './labelling.ts';
import { guardMemory } from './memoryGuard.ts';
import { metricsOf, SpeedMeter } from './metrics.ts';
import { planTraining, type TrainingPlan } from './plan.ts';
import { firstState, writeCheckpoint } from './state.ts';

/** Predicted rewards of one batch, for the scatter of R_teacher against R_student, after so many logged updates. */
const pairsEvery = 50;
const pairsKept = 64;

/**
 * A training run, from its first update or from the checkpoint that start.json names, to its last or to a stop.
 * Errors: MEMORY_INSUFFICIENT, BACKEND_UNAVAILABLE, DIVERGED, DISK_FULL and those of dataset and checkpoints.
 */
export async function train(session: Session): Promise<Outcome> {
  const configuration = session.configuration('train');
  const plan = await planTraining(session, configuration);
  using dataset = plan.dataset;
  const backend = await startBackend(configuration.backend, configuration);
  await guardMemory(session, plan, backend);
  await session.started(session.start.resume?.step ?? 0, describeMachine(backend));
  const agent = newAgent(plan, backend, dataset.episodeLength);
  try {
    agent.load(await firstState(session, plan));
    using teacher = await teacherRewards(session, plan, backend);
    return await updates(session, plan, agent, teacher, backend);
  } finally {
    agent.dispose();
  }
}

/** An agent for the plan, without weights yet. `episodeLength` counts entries, the reset among them. */
export function newAgent(plan: TrainingPlan, backend: Backend, episodeLength: number): Agent {
  const { hyperparameters, corrections } = plan.configuration;
  const { architecture, terms } = plan;
  return createAgent({
    architecture,
    hyperparameters,
    corrections,
    terms,
    episodeLength: episodeLength - 1,
    backend,
  });
}

async function updates(
  session: Session,
  plan: TrainingPlan,
  agent: Agent,
  teacher: TeacherRewards | undefined,
  backend: Backend,
): Promise<Outcome> {
  const { configuration, architecture, sampler } = plan;
  const { steps, seed, logEvery, checkpointEvery, batchSize, hyperparameters } = configuration;
  const { horizon, dropout } = hyperparameters;
  const { actionDim, numQ, mlpDim } = architecture;
  const first = (session.start.resume?.step ?? 0) + 1;
  const manifest = plan.dataset.sha256;
  const { home } = session.paths;
  await using stream = new BatchStream({ home, manifest, sampler: sampler.options, firstStep: first });
  const speed = new SpeedMeter();
  let lastCheckpoint = first - 1;
  let randomness: UpdateRandomness | undefined;
  const save = async (step: number): Promise<void> => {
    if (step === lastCheckpoint) return;
    const reward = await heldOutReward(plan, agent, backend);
    if (reward !== undefined)
      await session.record({ type: 'metrics', step, values: { validationRewardError: reward } });
    await writeCheckpoint(session, agent, plan, configuration);
    lastCheckpoint = step;
  };
  for (let step = first; step <= steps; step++) {
    if (session.signal.aborted || (teacher !== undefined && !(await teacher.prepare(step)))) {
      await save(step - 1);
      return 'stopped';
    }
    const { batch, waited } = await stream.next();
    const teacherReward = await teacher?.read(batch);
    randomness = drawUpdate(seed, step, { horizon, batchSize, actionDim, numQ, mlpDim, dropout }, randomness);
    const result = await agent.update({ ...batch, teacherReward }, randomness);
    speed.update(waited);
    if (step % logEvery === 0 || step === steps) {
      const values = { ...metricsOf(result, teacher !== undefined), ...speed.take() };
      await session.record({ type: 'metrics', step, at: new Date().toISOString(), values });
    }
    if (teacherReward !== undefined && (step === 1 || step % (pairsEvery * logEvery) === 0))
      await session.record({
        type: 'pairs',
        step,
        teacher: [...teacherReward.subarray(0, Math.min(pairsKept, batchSize))],
        student: [...result.studentReward.subarray(0, Math.min(pairsKept, batchSize))],
      });
    if (step % checkpointEvery === 0 || step === steps) await save(step);
    await session.breathe();
  }
  return 'finished';
}
