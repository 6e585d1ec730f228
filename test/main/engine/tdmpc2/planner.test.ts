import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Architecture } from '../../../../shared/architecture.ts';
import { startBackend } from '../../../../main/engine/compute/backend.ts';
import { type Backend } from '../../../../main/engine/compute/program.ts';
import { initialParameters } from '../../../../main/engine/tdmpc2/parameters.ts';
import {
  chooseAction,
  chooseElite,
  createPlanner,
  type PlannerOptions,
} from '../../../../main/engine/tdmpc2/planner.ts';
import { defaultPlanner } from '../../../../main/engine/tdmpc2/planSettings.ts';
import { normalsOf } from '../../../../main/engine/tdmpc2/random.ts';
import { tiny, tinyActionDims, tinyState } from './tiny.ts';

let backend: Backend;
beforeAll(async () => {
  backend = await startBackend('wasm');
});

const planner = { ...defaultPlanner, numSamples: 20, numPiTrajs: 4, numElites: 5, iterations: 3 };

function options(
  architecture: Architecture,
  dropout: number,
  environments: number,
  groupSize = environments,
): PlannerOptions {
  const range = { discount: 0.99, logStdMin: -10, logStdMax: 2 };
  return { architecture, backend, ...range, dropout, environments, groupSize, planner, actionDims: tinyActionDims };
}

/** Observation of an environment at a step of its episode. */
function observation(environment: number, step: number): Float32Array {
  return normalsOf(11, 100 * environment + step, 97, tiny.obsDim);
}

/** What environment `environment` plays: its own task, its own stream. */
function seedOf(environment: number): number {
  return 50 + environment;
}
const taskOf = (environment: number) => environment % tiny.numTasks;

interface Played {
  architecture: Architecture;
  dropout: number;
  evalMode: boolean;
  groupSize?: number | undefined;
  /** Step at which environment 1 starts a new episode. */
  resetAt: number;
}

const steps = 3;

/** The actions of some environments planned together, by step and environment. */
async function play(environments: readonly number[], { architecture, dropout, evalMode, groupSize, resetAt }: Played) {
  const mppi = createPlanner(options(architecture, dropout, environments.length, groupSize));
  const parameters = architecture.numQ === tiny.numQ ? tinyState().parameters : initialParameters(architecture, 3);
  mppi.load(parameters);
  const actions: Float32Array[][] = [];
  for (let step = 0; step < steps; step++) {
    if (step === resetAt && environments.includes(1)) mppi.reset(environments.indexOf(1));
    const requests = environments.map((environment) => ({
      obs: observation(environment, step),
      task: taskOf(environment),
      randomness: mppi.draw(seedOf(environment), step),
    }));
    actions.push(await mppi.act(requests, evalMode));
  }
  mppi.dispose();
  return actions;
}

describe('planning together', () => {
  test('gives each environment the plan that it has alone', async () => {
    const cases = fc.record({
      architecture: fc.constantFrom(2, 3, 5).map((numQ) => ({ ...tiny, numQ })),
      dropout: fc.constantFrom(0, 0.2),
      evalMode: fc.boolean(),
      groupSize: fc.constantFrom(undefined, 1, 2, 3),
      resetAt: fc.nat(steps),
    });
    const together = fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 2 });
    await fc.assert(
      fc.asyncProperty(cases, together, async (played, environments) => {
        const all = await play(environments, played);
        for (const [place, environment] of environments.entries()) {
          const alone = await play([environment], played);
          all.forEach((actions, step) => {
            actions[place]?.forEach((value, index) => expect(value).toBe(alone[step]?.[0]?.[index]));
          });
        }
      }),
      { numRuns: 12 },
    );
  });

  test('refuses another number of requests', async () => {
    const mppi = createPlanner(options(tiny, 0, 2));
    await expect(mppi.act([], true)).rejects.toThrow(RangeError);
    mppi.dispose();
  });
});

test('planning is a function of the episode so far and the draws', async () => {
  const played = { architecture: tiny, dropout: 0.1, evalMode: false };
  const warm = await play([1], { ...played, resetAt: steps });
  const cold = await play([1], { ...played, resetAt: 1 });
  expect(await play([1], { ...played, resetAt: steps })).toEqual(warm);
  expect(cold[0]).toEqual(warm[0]);
  expect(cold[1]).not.toEqual(warm[1]);
  expect([...(warm[1]?.[0] ?? [])].slice(tinyActionDims[taskOf(1)])).toEqual([0, 0]);
});

test('chooses an elite by its share of the scores', () => {
  const score = [0.5, 0.25, 0.25];
  expect([0, 0.49, 0.5, 0.74, 0.75, 0.999].map((uniform) => chooseElite(score, uniform))).toEqual([0, 0, 1, 1, 2, 2]);
});

test('adds noise of the deviation, within the range', () => {
  const elites = Float32Array.of(0.5, -0.9, 0, 0);
  const std = Float32Array.of(1, 1);
  expect([...chooseAction(elites, 0, std, 2, Float32Array.of(0.25, -1))]).toEqual([0.75, -1]);
  expect([...chooseAction(elites, 1, std, 2, undefined)]).toEqual([0, 0]);
});
