import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../../../main/engine/compute/backend.ts';
import { type Backend } from '../../../../main/engine/compute/program.ts';
import { createAgent } from '../../../../main/engine/tdmpc2/agent.ts';
import { createPolicyModel, createRewardModel } from '../../../../main/engine/tdmpc2/inference.ts';
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
