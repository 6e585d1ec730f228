import { type Architecture } from '../../../shared/architecture.ts';
import { type JobConfiguration } from '../../../shared/jobs.ts';
import { hyperparametersSchema } from '../../../shared/hyperparameters.ts';
import { taskCount } from '../../../shared/tasks.ts';
import { type FloatTensorMap } from '../../../shared/tensor.ts';
import { loadCheckpointParameters } from '../../data/checkpoints/stored.ts';
import { stepsPerEpisode } from '../../sim/environment.ts';
import { startBackend } from '../compute/backend.ts';
import { type Backend } from '../compute/program.ts';
import { describeMachine } from '../machine.ts';
import { type Session } from '../session.ts';
import { createPlanner } from '../tdmpc2/planner.ts';
import { defaultPlanner } from '../tdmpc2/planSettings.ts';
import { discountOf } from '../tdmpc2/settings.ts';
import { type Actor, type Situation } from './episodes.ts';
import { policyOf } from './policy.ts';

type EvaluateConfiguration = JobConfiguration<'evaluate'>;

/** More bring little, and each has dropout masks and activations. */
const mostPlaces = 8;
/** Bound of the dropout masks that are fed to one call of the planner. */
const mostMaskBytes = 256 * 2 ** 20;

/** The checkpoint's policy, one environment at a time. */
async function policyActor(session: Session, configuration: EvaluateConfiguration): Promise<Actor> {
  const { backend, sample, seed } = configuration;
  const policy = await policyOf(session, 'checkpoint', backend, sample);
  return {
    machine: policy.machine,
    places: 1,
    begin: () => undefined,
    act: (situations) =>
      Promise.all(
        situations.map(({ observation, task, episode, step }) =>
          policy.act(observation, task, { seed, step: episode * 10_000 + step }),
        ),
      ),
    [Symbol.dispose]: () => policy.dispose(),
  };
}

/** A number of its own for each step of each episode of each task. */
function planStep({ task, episode, step }: Situation): number {
  return (episode * taskCount + task.index) * stepsPerEpisode + step;
}

/** How many of `episodes` are played at once: groups of nearly one size, as few as can be. */
export function placesFor({ numQ, mlpDim }: Architecture, episodes: number): number {
  const maskBytes = defaultPlanner.iterations * numQ * defaultPlanner.numSamples * mlpDim;
  const most = Math.max(1, Math.min(mostPlaces, Math.floor(mostMaskBytes / maskBytes)));
  return Math.ceil(episodes / Math.ceil(episodes / most));
}

export interface PlanningOptions {
  architecture: Architecture;
  /** All but the target Qs. */
  parameters: FloatTensorMap;
  backend: Backend;
  seed: number;
  /** How many are to be played. */
  episodes: number;
}

/**
 * MPPI with a checkpoint's model, as the official evaluation plans: the defaults of its settings, dropout in the Qs among them, and
 * noise on the chosen action (quirks 1 and 2).
 */
export function plannerActor({ architecture, parameters, backend, seed, episodes }: PlanningOptions): Actor {
  const hyperparameters = hyperparametersSchema.parse({});
  const { horizon, dropout, logStdMin, logStdMax } = hyperparameters;
  const planner = { ...defaultPlanner, horizon };
  const places = placesFor(architecture, episodes);
  const discount = discountOf(hyperparameters, stepsPerEpisode);
  const options = { architecture, backend, discount, logStdMin, logStdMax, dropout };
  const mppi = createPlanner({ ...options, planner, environments: places });
  mppi.load(parameters);
  return {
    machine: describeMachine(backend),
    places,
    begin: () => mppi.reset(),
    act: (situations) =>
      mppi.act(
        situations.map((situation) => {
          const obs = new Float32Array(architecture.obsDim);
          obs.set(situation.observation);
          return { obs, task: situation.task.index, randomness: mppi.draw(seed, planStep(situation)) };
        }),
        false,
      ),
    [Symbol.dispose]: () => mppi.dispose(),
  };
}

/** The parts of a model that planning uses. */
const planningModules = ['task_emb', 'encoder', 'dynamics', 'reward', 'pi', 'Qs'] as const;

/** The actor that an evaluation asks for. Errors: NOT_FOUND, BACKEND_UNAVAILABLE. */
export async function actorOf(
  session: Session,
  configuration: EvaluateConfiguration,
  episodes: number,
): Promise<Actor> {
  if (configuration.planner === 'policy') return policyActor(session, configuration);
  const input = session.checkpoint('checkpoint');
  const backend = await startBackend(configuration.backend);
  const parameters = await loadCheckpointParameters(session.paths, input, planningModules);
  return plannerActor({ architecture: input.architecture, parameters, backend, seed: configuration.seed, episodes });
}
