import { fork } from 'node:child_process';
import { once, type EventEmitter } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it, test } from 'vitest';
import {
  createEnvironment,
  padObservation,
  stepsPerEpisode,
  type Environment,
  type EnvironmentOptions,
} from '../../../main/sim/environment.ts';
import { RandomState } from '../../../main/sim/randomState.ts';
import { builtTasks } from '../../../main/sim/suite.ts';
import { DecantError } from '../../../shared/errors.ts';
import { taskByName } from '../../../shared/tasks.ts';

const open: Environment[] = [];
afterEach(() => {
  for (const environment of open.splice(0)) environment.dispose();
});

async function make(task: string, seed: number, options?: EnvironmentOptions): Promise<Environment> {
  const environment = await createEnvironment(task, seed, options);
  open.push(environment);
  return environment;
}

interface Episode {
  observations: number[][];
  rewards: number[];
}

function play(environment: Environment, actions: RandomState): Episode {
  const observations = [[...environment.reset()]];
  const rewards: number[] = [];
  for (let done = false; !done;) {
    const step = environment.step([actions.uniform(-1, 1)]);
    observations.push([...step.observation]);
    rewards.push(step.reward);
    done = step.done;
  }
  return { observations, rewards };
}

describe.each(builtTasks())('%s', (task) => {
  test('an episode has 500 steps, the dimensions of the table, and rewards in [0, 2]', async () => {
    const environment = await make(task, 5);
    const { observations, rewards } = play(environment, new RandomState(6));
    expect(rewards).toHaveLength(stepsPerEpisode);
    expect(observations.every((entry) => entry.length === taskByName(task)?.observationDim)).toBe(true);
    expect(environment.actionDim).toBe(taskByName(task)?.actionDim);
    expect(observations.flat().every(Number.isFinite)).toBe(true);
    expect(rewards.every((reward) => reward >= 0 && reward <= 2)).toBe(true);
    expect(() => environment.step([0])).toThrow(/reset/);
  });

  test('the same seed gives the same episodes, also beside another environment; the next episode differs', async () => {
    const first = await make(task, 7);
    const second = await make(task, 7);
    const other = await make(task, 8);
    const [one, two] = [first.reset(), second.reset()];
    expect(one).toEqual(two);
    expect(other.reset()).not.toEqual(one);
    for (let step = 0; step < 20; step++) {
      other.step([-0.5]);
      expect(first.step([0.3])).toEqual(second.step([0.3]));
    }
    const following = first.reset();
    expect(following).not.toEqual(one);
    expect(second.reset()).toEqual(following);
  });
});

it('remembers nothing of the last episode but its random stream', async () => {
  const used = await make('cartpole-swingup', 3);
  play(used, new RandomState(1));
  const fresh = await make('cartpole-swingup', 3);
  fresh.reset();
  expect(play(used, new RandomState(2))).toEqual(play(fresh, new RandomState(2)));
});

it('pads observations to what the model wants', async () => {
  const plain = await make('pendulum-spin', 1);
  const padded = await make('pendulum-spin', 1, { padded: true });
  expect(padded.reset()).toEqual(padObservation(plain.reset()));
  expect(padded.step([1]).observation).toEqual(padObservation(plain.step([1]).observation));
  expect(padObservation(Float32Array.of(1, 2))).toEqual(
    Float32Array.from({ length: 24 }, (_, index) => [1, 2][index] ?? 0),
  );
});

it('ignores the masked entries of a padded action', async () => {
  const plain = await make('cartpole-balance', 1);
  const masked = await make('cartpole-balance', 1);
  plain.reset();
  masked.reset();
  expect(masked.step([0.25, 9, NaN, 9, 9, 9])).toEqual(plain.step([0.25]));
});

it('rounds an action as the official float32 scaling does', async () => {
  const tiny = await make('cartpole-balance', 1);
  const zero = await make('cartpole-balance', 1);
  tiny.reset();
  zero.reset();
  expect(tiny.step([2 ** -26])).toEqual(zero.step([0]));
});

it('refuses an action that is too short or not finite', async () => {
  const environment = await make('pendulum-spin', 1);
  environment.reset();
  for (const action of [[], [NaN], [Infinity]]) expect(() => environment.step(action)).toThrow(RangeError);
});

it('says which task it lacks, and which names no task has', async () => {
  await expect(createEnvironment('walker-walk', 1)).rejects.toThrow(/walker-walk/);
  await expect(createEnvironment('walker-walk', 1)).rejects.toMatchObject({ code: 'NOT_BUILT' });
  await expect(createEnvironment('juggling', 1)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  await expect(createEnvironment('juggling', 1)).rejects.toBeInstanceOf(DecantError);
});

it('runs in worker threads and child processes with the same numbers', async () => {
  const file = new URL('episodeWorker.ts', import.meta.url);
  const environment = await make('cartpole-balance', 1);
  const first = [...environment.reset()];
  const { observation, reward } = environment.step([0.5]);
  const expected = { first, observation: [...observation], reward };
  const runners: EventEmitter[] = [new Worker(file), fork(file)];
  // Both are listened to from the start: either may be the first to answer.
  for (const [message] of await Promise.all(runners.map((runner) => once(runner, 'message') as Promise<unknown[]>)))
    expect(message).toEqual(expected);
});
