import { beforeAll, describe, expect, test } from 'vitest';
import { architectureOfSize } from '../../../../shared/architecture.ts';
import { taskByName, type Task, type TaskName } from '../../../../shared/tasks.ts';
import { startBackend } from '../../../../main/engine/compute/backend.ts';
import { type Backend } from '../../../../main/engine/compute/program.ts';
import { placesFor, plannerActor } from '../../../../main/engine/evaluation/actors.ts';
import { playEpisodes, type Actor, type Episode, type Situation } from '../../../../main/engine/evaluation/episodes.ts';
import { initialParameters } from '../../../../main/engine/tdmpc2/parameters.ts';
import { createEnvironment } from '../../../../main/sim/environment.ts';

function task(name: TaskName): Task {
  const found = taskByName(name);
  if (found === undefined) throw new RangeError(name);
  return found;
}

/** Pushes by a rule that knows nothing but the situation. */
function ruleOf({ observation, episode, step }: Situation): Float32Array {
  return Float32Array.of(Math.sin((observation[0] ?? 0) + 3 * (observation[1] ?? 0) + episode + 0.1 * step));
}

function ruleActor(places: number): Actor & { seen: (readonly Situation[])[]; begun: number } {
  const actor = {
    machine: { backend: 'none', device: 'none' },
    places,
    seen: [] as (readonly Situation[])[],
    begun: 0,
    begin: () => {
      actor.begun++;
    },
    act: (situations: readonly Situation[]) => {
      actor.seen.push(situations);
      return Promise.resolve(situations.map(ruleOf));
    },
    [Symbol.dispose]: () => undefined,
  };
  return actor;
}

const episodes: Episode[] = [
  ...[0, 1, 2].map((episode) => ({ task: task('pendulum-swingup'), episode })),
  ...[0, 1].map((episode) => ({ task: task('cartpole-swingup'), episode })),
];
const always = { seed: 4, stopped: () => false, onStep: () => Promise.resolve() };

describe('episodes played together', () => {
  test('are those played one after the other in one environment', async () => {
    const inTurn: number[] = [];
    for (const name of ['pendulum-swingup', 'cartpole-swingup'] as const) {
      const environment = await createEnvironment(name, 4);
      for (const { episode } of episodes.filter((one) => one.task.name === name)) {
        let observation = environment.reset();
        let sum = 0;
        for (let step = 0; step < 500; step++) {
          const result = environment.step(ruleOf({ task: task(name), episode, step, observation }));
          sum += result.reward;
          observation = result.observation;
        }
        inTurn.push(sum);
      }
      environment.dispose();
    }
    for (const places of [1, 2, 5, 8]) {
      const actor = ruleActor(places);
      expect(await playEpisodes(episodes, actor, always)).toEqual(inTurn);
      expect(actor.seen.every((situations) => situations.length === places)).toBe(true);
      expect(actor.begun).toBe(Math.ceil(episodes.length / places));
    }
  });

  test('tell how far they are, and stop between steps', async () => {
    const told: number[] = [];
    const actor = ruleActor(4);
    const played = await playEpisodes(episodes, actor, {
      ...always,
      steps: 3,
      onStep: (done, total) => {
        expect(total).toBe(15);
        told.push(done);
        return Promise.resolve();
      },
    });
    expect(played).toHaveLength(5);
    expect(told).toEqual([4, 8, 12, 13, 14, 15]);
    let asked = 0;
    const stopped = await playEpisodes(episodes, ruleActor(4), { ...always, stopped: () => ++asked > 2 });
    expect(stopped).toBeUndefined();
    expect(asked).toBe(3);
  });
});

describe('episodes by MPPI', () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await startBackend('wasm');
  });
  const architecture = { ...architectureOfSize(1), encDim: 16, mlpDim: 16, latentDim: 16, taskDim: 8, numQ: 3 };
  const parameters = initialParameters(architecture, 5);

  async function play(list: readonly Episode[], seed: number): Promise<number[] | undefined> {
    using actor = plannerActor({ architecture, parameters, backend, seed, episodes: list.length });
    return await playEpisodes(list, actor, { ...always, seed, steps: 4 });
  }

  test('take as many places as episodes, up to 8 and balanced, fewer where masks are large', () => {
    expect([1, 3, 8, 9, 10, 17].map((count) => placesFor(architecture, count))).toEqual([1, 3, 8, 5, 5, 6]);
    expect(placesFor(architectureOfSize(48), 9)).toBe(5);
    expect(placesFor(architectureOfSize(317), 10)).toBe(2);
  });

  test('end as each does alone, and are other ones for another seed', async () => {
    const together = (await play(episodes, 4)) ?? [];
    const alone: number[] = [];
    for (const episode of episodes) alone.push(...((await play([episode], 4)) ?? []));
    expect(together).toHaveLength(episodes.length);
    together.forEach((sum, index) => expect(sum).toBeCloseTo(alone[index] ?? Number.NaN, 4));
    expect(await play(episodes, 5)).not.toEqual(together);
  });
});
