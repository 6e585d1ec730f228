import { type Task } from '../../../shared/tasks.ts';
import { createEnvironment, stepsPerEpisode, type Environment } from '../../sim/environment.ts';
import { type Machine } from '../machine.ts';

/** The episode number `episode`, from 0, of the stream of episodes that a task has under the evaluation's seed. */
export interface Episode {
  task: Task;
  episode: number;
}

/** Where an environment is: what its next action is chosen from. */
export interface Situation extends Episode {
  step: number;
  /** At the task's own size. */
  observation: Float32Array;
}

/** Chooses actions in environments that go on together. */
export interface Actor extends Disposable {
  readonly machine: Machine;
  /** How many environments it acts in at once. */
  readonly places: number;
  /** New episodes begin in all environments. */
  begin(): void;
  /** An action, at the task's size or longer, for each of exactly `places` situations. */
  act(situations: readonly Situation[]): Promise<Float32Array[]>;
}

export interface PlayOptions {
  seed: number;
  /** Asked before each step. */
  stopped: () => boolean;
  /** Told after each step how many of all steps are done. */
  onStep: (done: number, total: number) => Promise<void>;
  /** Steps of an episode; all by default. */
  steps?: number;
}

/** An environment at the start of an episode: resets of a stream depend on nothing but those before them. */
async function environmentAt({ task, episode }: Episode, seed: number): Promise<Environment> {
  const environment = await createEnvironment(task.name, seed);
  for (let before = 0; before < episode; before++) environment.reset();
  return environment;
}

/**
 * The return of each episode, or undefined where it was stopped. As many episodes as the actor has places are played at once.
 * Errors: NOT_BUILT for a task that this version does not simulate.
 */
export async function playEpisodes(
  episodes: readonly Episode[],
  actor: Actor,
  options: PlayOptions,
): Promise<number[] | undefined> {
  const returns: number[] = [];
  const { steps = stepsPerEpisode } = options;
  const total = episodes.length * steps;
  for (let first = 0; first < episodes.length; first += actor.places) {
    const group = episodes.slice(first, first + actor.places);
    const onStep = (step: number) => options.onStep(first * steps + step * group.length, total);
    const sums = await playGroup(group, actor, { ...options, onStep, steps });
    if (sums === undefined) return undefined;
    returns.push(...sums);
  }
  return returns;
}

interface GroupOptions extends Pick<PlayOptions, 'seed' | 'stopped'> {
  steps: number;
  onStep: (step: number) => Promise<void>;
}

/** The returns of at most as many episodes as the actor has places. */
async function playGroup(
  group: readonly Episode[],
  actor: Actor,
  options: GroupOptions,
): Promise<number[] | undefined> {
  const environments: Environment[] = [];
  try {
    for (const episode of group) environments.push(await environmentAt(episode, options.seed));
    const observations = environments.map((environment) => environment.reset());
    const returns = group.map(() => 0);
    actor.begin();
    for (let step = 0; step < options.steps; step++) {
      if (options.stopped()) return undefined;
      // A place without an episode repeats the first one.
      const situations = Array.from({ length: actor.places }, (_, place) => {
        const seat = place < group.length ? place : 0;
        const [episode, observation] = [group[seat], observations[seat]];
        if (episode === undefined || observation === undefined) throw new RangeError('a group has an episode');
        return { ...episode, step, observation };
      });
      const actions = await actor.act(situations);
      environments.forEach((environment, seat) => {
        const result = environment.step(actions[seat] ?? []);
        returns[seat] = (returns[seat] ?? 0) + result.reward;
        observations[seat] = result.observation;
      });
      await options.onStep(step + 1);
    }
    return returns;
  } finally {
    for (const environment of environments) environment.dispose();
  }
}
