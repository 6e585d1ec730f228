import { taskByName, type Task, type TaskName } from '../../../shared/tasks.ts';
import { randomSites, uniforms } from '../../../shared/random.ts';
import { EpisodeWriter } from '../../data/episodeWriter.ts';
import { type EpisodeBlock } from '../../data/segment.ts';
import { createEnvironment, stepsPerEpisode, type Environment } from '../../sim/environment.ts';
import { type Outcome, type Session } from '../session.ts';
import { policyOf, type ActingPolicy } from './policy.ts';

/** Chooses the action of step `step` (counted over the whole collection) from an unpadded observation. */
type Actor = (observation: Float32Array, step: number) => Promise<Float32Array>;

function randomActor(task: Task, seed: number): Actor {
  return (_, step) => {
    const draws = uniforms(seed, step, randomSites.randomPolicy + task.index, task.actionDim);
    return Promise.resolve(draws.map((value) => 2 * value - 1));
  };
}

function policyActor(task: Task, seed: number, policy: ActingPolicy): Actor {
  return (observation, step) => policy.act(observation, task, { seed, step });
}

/** One episode as a segment block: entry 0 has NaN action and reward. */
async function recordEpisode(
  environment: Environment,
  task: Task,
  actor: Actor,
  firstStep: number,
): Promise<EpisodeBlock> {
  const length = stepsPerEpisode + 1;
  const obs = new Float32Array(length * task.observationDim);
  const action = new Float32Array(length * task.actionDim).fill(Number.NaN, 0, task.actionDim);
  const reward = new Float32Array(length).fill(Number.NaN, 0, 1);
  let observation = environment.reset();
  obs.set(observation);
  for (let entry = 1; entry < length; entry++) {
    const chosen = await actor(observation, firstStep + entry);
    const result = environment.step(chosen);
    observation = result.observation;
    obs.set(observation, entry * task.observationDim);
    action.set(chosen.subarray(0, task.actionDim), entry * task.actionDim);
    reward[entry] = result.reward;
  }
  return { obs, action, reward };
}

function tasksNamed(names: readonly TaskName[]): Task[] {
  return names.flatMap((name) => taskByName(name) ?? []);
}

/**
 * Records episodes of simulator tasks as a dataset, each task from its own environment of the same seed.
 * Errors: NOT_BUILT for a task that this version does not simulate, DISK_FULL.
 */
export async function collect(session: Session): Promise<Outcome> {
  const { tasks: names, episodes, seed, policy: reference, name } = session.configuration('collect');
  const policy = reference === 'random' ? undefined : await policyOf(session, 'policy', 'auto', true);
  await session.started(0, policy?.machine);
  const description = `${episodes} episodes of each of ${names.join(', ')}, policy ${reference}, seed ${seed}`;
  const source = { source: 'collect', description } as const;
  await using writer = new EpisodeWriter(session.paths, { episodeLength: stepsPerEpisode + 1, source });
  const chosen = tasksNamed(names);
  let done = 0;
  for (const task of chosen) {
    const environment = await createEnvironment(task.name, seed);
    try {
      const actor = policy === undefined ? randomActor(task, seed) : policyActor(task, seed, policy);
      for (let episode = 0; episode < episodes; episode++) {
        if (session.signal.aborted) return 'stopped';
        await writer.append(task.index, await recordEpisode(environment, task, actor, episode * stepsPerEpisode));
        await session.progress('collecting', ++done, chosen.length * episodes, 'episodes');
        await session.breathe();
      }
    } finally {
      environment.dispose();
    }
  }
  const { facts, existed } = await writer.finish();
  if (existed) await session.message('info', 'exactly these episodes were in the library already');
  await session.acknowledge({ type: 'dataset', name: name ?? `${names.join('+')} ${reference}`, facts });
  return 'finished';
}
