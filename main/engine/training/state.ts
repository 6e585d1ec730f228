import { z } from 'zod';
import { type RunConfiguration } from '../../../shared/configuration.ts';
import { DecantError } from '../../../shared/errors.ts';
import { loadCheckpointParameters } from '../../data/checkpoints/stored.ts';
import { readTrainingCheckpoint, writeTrainingCheckpoint } from '../../data/checkpoints/training.ts';
import { type Session } from '../session.ts';
import { type Agent } from '../tdmpc2/agent.ts';
import { freshState, type AgentState } from '../tdmpc2/agentState.ts';
import { initialParameters } from '../tdmpc2/parameters.ts';
import { type TrainingPlan } from './plan.ts';

/**
 * What a training checkpoint holds beside tensors. The step is the whole cursor: windows and random numbers follow from it.
 */
const trainingSchema = z.strictObject({
  formatVersion: z.literal(1),
  step: z.int().nonnegative(),
  seed: z.int(),
  scale: z.number(),
  stalePolicyNorm: z.number(),
});

/** Errors: FILE_UNREADABLE, CHECKPOINT_INCOMPLETE, HASH_MISMATCH. */
export async function firstState(session: Session, plan: TrainingPlan): Promise<AgentState> {
  const { resume } = session.start;
  const { architecture, configuration } = plan;
  if (resume !== undefined) return resumedState(session, resume.sha256);
  const { init } = configuration.student;
  const parameters =
    init === 'random'
      ? initialParameters(architecture, configuration.seed)
      : await loadCheckpointParameters(session.paths, session.checkpoint('init'));
  return freshState(parameters, architecture);
}

async function resumedState(session: Session, sha256: string): Promise<AgentState> {
  const stored = await readTrainingCheckpoint(session.paths, sha256);
  const training = trainingSchema.safeParse(JSON.parse(stored.training));
  if (!training.success)
    throw new DecantError('CHECKPOINT_INCOMPLETE', `the training state of ${sha256} is not of this version`);
  const { step, scale, stalePolicyNorm } = training.data;
  return { parameters: stored.parameters, moments: stored.moments, step, scale, stalePolicyNorm };
}

/** The file first, durable; then the record that acknowledges it. */
export async function writeCheckpoint(
  session: Session,
  agent: Agent,
  plan: TrainingPlan,
  configuration: RunConfiguration,
): Promise<void> {
  const { parameters, moments, step, scale, stalePolicyNorm } = await agent.read();
  // Nothing of the run's identity: the same computation gives the same file.
  const training = { formatVersion: 1, step, seed: configuration.seed, scale, stalePolicyNorm };
  const facts = await writeTrainingCheckpoint(session.paths, {
    architecture: plan.architecture,
    parameters,
    moments,
    training: JSON.stringify(trainingSchema.parse(training)),
  });
  await session.acknowledge({ type: 'checkpoint', step, facts });
}
