import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../../../main/engine/compute/backend.ts';
import { type Backend } from '../../../../main/engine/compute/program.ts';
import { createAgent } from '../../../../main/engine/tdmpc2/agent.ts';
import { type AgentState } from '../../../../main/engine/tdmpc2/agentState.ts';
import { correctionsSchema, hyperparametersSchema } from '../../../../shared/hyperparameters.ts';
import { DecantError } from '../../../../shared/errors.ts';
import { tinyBatch, tinyOptions, tinyRandomness, tinyState } from './tiny.ts';

let backend: Backend;
beforeAll(async () => {
  backend = await startBackend('wasm');
});

async function runSteps(state: AgentState, from: number, to: number): Promise<AgentState> {
  const agent = createAgent(tinyOptions(backend));
  agent.load(state);
  for (let step = from; step < to; step++) await agent.update(tinyBatch(step), tinyRandomness(step));
  const after = await agent.read();
  agent.dispose();
  return after;
}

/** Loss of the model, or of the policy, with one entry of one parameter moved. */
async function lossWith(name: string, index: number, delta: number, loss: 'totalLoss' | 'piLoss'): Promise<number> {
  // A learning rate of almost 0 leaves the model as it is for the policy's loss.
  const hyperparameters = hyperparametersSchema.parse({ dropout: 0.2, gradClipNorm: 1e9, lr: 1e-30, tau: 0 });
  const agent = createAgent(tinyOptions(backend, { hyperparameters }));
  const state = tinyState();
  const data = state.parameters.get(name)?.data;
  if (data === undefined) throw new Error(`no ${name}`);
  data[index] = (data[index] ?? 0) + delta;
  agent.load(state);
  const { metrics } = await agent.update(tinyBatch(), tinyRandomness());
  agent.dispose();
  return metrics[loss];
}

describe('gradients', () => {
  // The task embedding and the encoder move the TD target too, which is constant to the gradient: they are left to the fixtures.
  const cases = ['_dynamics.0.weight', '_dynamics.2.ln.weight', '_reward.0.ln.bias', '_reward.2.weight']
    .concat(['_Qs.params.0', '_Qs.params.2', '_Qs.params.4', '_Qs.params.8', '_Qs.params.9'])
    .map((name) => [name, 'totalLoss', 'model_grad_preclip'] as const);
  const policyCases = ['_pi.0.weight', '_pi.1.ln.weight', '_pi.2.weight', '_pi.2.bias'].map(
    (name) => [name, 'piLoss', 'pi_grad_preclip'] as const,
  );

  test.each([...cases, ...policyCases])('%s by finite differences of %s', async (name, loss, prefix) => {
    const hyperparameters = hyperparametersSchema.parse({ dropout: 0.2, gradClipNorm: 1e9, lr: 1e-30, tau: 0 });
    const agent = createAgent(tinyOptions(backend, { hyperparameters, outputGradients: true }));
    agent.load(tinyState());
    const { outputs } = await agent.update(tinyBatch(), tinyRandomness());
    agent.dispose();
    const gradient = outputs.get(`${prefix}.${name}`);
    if (gradient === undefined) throw new Error(`no gradient of ${name}`);
    const delta = 5e-3;
    const largest = Math.max(...gradient.map(Math.abs));
    for (let index = 0; index < gradient.length; index += Math.max(1, Math.floor(gradient.length / 5))) {
      const above = await lossWith(name, index, delta, loss);
      const below = await lossWith(name, index, -delta, loss);
      const slope = (above - below) / (2 * delta);
      expect(Math.abs(slope - (gradient[index] ?? 0))).toBeLessThan(0.02 * largest + 2e-4);
    }
  });
});

describe('an update', () => {
  test('is bit-identical twice', async () => {
    expect(await runSteps(tinyState(), 0, 4)).toEqual(await runSteps(tinyState(), 0, 4));
  });

  test('goes on from a state that was read as if it had not stopped', async () => {
    const half = await runSteps(tinyState(), 0, 2);
    expect(await runSteps(half, 2, 4)).toEqual(await runSteps(tinyState(), 0, 4));
  });

  test('keeps no tensors', async () => {
    const agent = createAgent(tinyOptions(backend));
    agent.load(tinyState());
    await agent.update(tinyBatch(0), tinyRandomness(0));
    const before = tf.memory().numTensors;
    for (let step = 1; step < 4; step++) await agent.update(tinyBatch(step), tinyRandomness(step));
    expect(tf.memory().numTensors).toBe(before);
    agent.dispose();
  });

  test('moves everything but what it must not', async () => {
    const before = tinyState();
    const after = await runSteps(tinyState(), 0, 1);
    for (const [name, { data }] of after.parameters) {
      const old = before.parameters.get(name)?.data ?? new Float32Array();
      expect([name, data.some((value, index) => value !== old[index])]).toEqual([name, true]);
    }
    expect(after.step).toBe(1);
  });

  test('adds up its total from the weighted losses', async () => {
    const agent = createAgent(tinyOptions(backend));
    agent.load(tinyState());
    const { metrics } = await agent.update(tinyBatch(), tinyRandomness());
    agent.dispose();
    const parts =
      metrics.weightedConsistencyLoss +
      metrics.weightedRewardLoss +
      metrics.weightedValueLoss +
      metrics.weightedDistillationLosses.reduce((sum, loss) => sum + loss, 0);
    expect(metrics.distillationLosses).toHaveLength(2);
    expect(metrics.totalLoss).toBeCloseTo(parts, 4);
  });

  test.each(['dropoutOnlyInLosses', 'clipWithoutStalePolicy', 'unscaledLogProbability'] as const)(
    'is changed by the correction %s',
    async (correction) => {
      const hyperparameters = hyperparametersSchema.parse({ dropout: 0.2, gradClipNorm: 0.5 });
      const metricsWith = async (corrected: boolean) => {
        const corrections = correctionsSchema.parse({ [correction]: corrected });
        const agent = createAgent(tinyOptions(backend, { corrections, hyperparameters }));
        agent.load(tinyState());
        await agent.update(tinyBatch(0), tinyRandomness(0));
        const { metrics } = await agent.update(tinyBatch(1), tinyRandomness(1));
        agent.dispose();
        return metrics;
      };
      expect(await metricsWith(true)).not.toEqual(await metricsWith(false));
    },
  );

  test('refuses a latent target', () => {
    const terms = [{ target: 'nextLatent', coefficient: 1, steps: 'first' }] as const;
    expect(() => createAgent(tinyOptions(backend, { terms }))).toThrow(DecantError);
  });

  test('says DIVERGED where a loss is not finite', async () => {
    const agent = createAgent(tinyOptions(backend));
    const state = tinyState();
    state.parameters.get('_dynamics.1.bias')?.data.fill(Number.NaN);
    agent.load(state);
    await expect(agent.update(tinyBatch(), tinyRandomness())).rejects.toMatchObject({ code: 'DIVERGED' });
    agent.dispose();
  });

  test.each(['obs', 'action', 'reward'] as const)('refuses a batch with NaN in %s', async (name) => {
    const agent = createAgent(tinyOptions(backend));
    agent.load(tinyState());
    const batch = tinyBatch();
    batch[name][1] = Number.NaN;
    await expect(agent.update(batch, tinyRandomness())).rejects.toMatchObject({ code: 'DATASET_NAN' });
    agent.dispose();
  });
});
