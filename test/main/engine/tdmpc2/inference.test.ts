import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../../../main/engine/compute/backend.ts';
import { type Backend } from '../../../../main/engine/compute/program.ts';
import { createAgent } from '../../../../main/engine/tdmpc2/agent.ts';
import { createPolicyModel, createRewardModel } from '../../../../main/engine/tdmpc2/inference.ts';
import { defaultPlanner } from '../../../../main/engine/tdmpc2/plan.ts';
import { chooseAction, chooseElite, createPlanner } from '../../../../main/engine/tdmpc2/planner.ts';
import { normalsOf } from '../../../../main/engine/tdmpc2/random.ts';
import { tiny, tinyActionDims, tinyBatch, tinyBatchSize, tinyOptions, tinyRandomness, tinyState } from './tiny.ts';

let backend: Backend;
beforeAll(async () => {
  backend = await startBackend('wasm');
});

describe('predicted rewards', () => {
  test('are those that an update measures, however the rows are cut', async () => {
    const state = tinyState();
    const agent = createAgent(tinyOptions(backend));
    agent.load(state);
    const { studentReward } = await agent.update(tinyBatch(), tinyRandomness());
    agent.dispose();
    const { obs, action, task } = tinyBatch();
    for (const maxRows of [4096, 4]) {
      const options = { architecture: tiny, backend, actionDims: tinyActionDims, maxRows };
      const model = createRewardModel(options, tinyState().parameters);
      const rewards = await model.predict(
        obs.subarray(0, tinyBatchSize * tiny.obsDim),
        action.subarray(0, tinyBatchSize * tiny.actionDim),
        task,
      );
      model.dispose();
      rewards.forEach((value, row) => expect(value).toBeCloseTo(studentReward[row] ?? Number.NaN, 5));
    }
  });
});

describe('the policy', () => {
  test('masks padded actions and adds noise only where asked', async () => {
    const model = createPolicyModel(
      { architecture: tiny, backend, actionDims: tinyActionDims },
      tinyState().parameters,
    );
    const { obs, task } = tinyBatch();
    const rows = obs.subarray(0, tinyBatchSize * tiny.obsDim);
    const mean = await model.act(rows, task);
    const sampled = await model.act(rows, task, normalsOf(1, 1, 98, task.length * tiny.actionDim));
    expect(await model.act(rows, task)).toEqual(mean);
    expect(sampled).not.toEqual(mean);
    for (const actions of [mean, sampled])
      actions.forEach((value, index) => {
        const dims = tinyActionDims[task[Math.floor(index / tiny.actionDim)] ?? 0] ?? 0;
        if (index % tiny.actionDim >= dims) expect(Math.abs(value)).toBe(0);
        expect(Math.abs(value)).toBeLessThanOrEqual(1);
      });
    model.dispose();
  });
});

describe('planning', () => {
  const planner = { ...defaultPlanner, numSamples: 20, numPiTrajs: 4, numElites: 5, iterations: 2 };
  const options = () => ({
    architecture: tiny,
    backend,
    discount: 0.99,
    logStdMin: -10,
    logStdMax: 2,
    dropout: 0.1,
    planner,
    actionDims: tinyActionDims,
  });

  test('is a function of the episode so far and the draws', async () => {
    const obs = tinyBatch().obs.subarray(0, tiny.obsDim);
    const episode = async (reset: boolean) => {
      const mppi = createPlanner(options());
      mppi.load(tinyState().parameters);
      const first = await mppi.act(obs, 1, mppi.draw(5, 0), false);
      if (reset) mppi.reset();
      const second = await mppi.act(obs, 1, mppi.draw(5, 1), false);
      mppi.dispose();
      return [first, second];
    };
    expect(await episode(false)).toEqual(await episode(false));
    const [, warm] = await episode(false);
    const [, cold] = await episode(true);
    expect(warm).not.toEqual(cold);
    expect([...(warm ?? [])].slice(tinyActionDims[1])).toEqual([0, 0]);
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
});
