import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../../../main/engine/compute/backend.ts';
import { createAgent } from '../../../../main/engine/tdmpc2/agent.ts';
import { type AgentState } from '../../../../main/engine/tdmpc2/agentState.ts';
import { tinyBatch, tinyOptions, tinyRandomness, tinyState } from './tiny.ts';

/** The state after updates `from` to `to`, of an agent compiled for it alone. */
async function runSteps(state: AgentState, threads: number, from: number, to: number): Promise<AgentState> {
  const agent = createAgent(tinyOptions(await startBackend('onnx', { threads })));
  agent.load(state);
  for (let step = from; step < to; step++) await agent.update(tinyBatch(step), tinyRandomness(step));
  const after = await agent.read();
  agent.dispose();
  return after;
}

describe.each([1, 2])('compiled updates on %i threads', (threads) => {
  let whole: AgentState;
  beforeAll(async () => {
    whole = await runSteps(tinyState(), threads, 0, 6);
  });

  test('give the same bits twice', async () => {
    expect(await runSteps(tinyState(), threads, 0, 6)).toEqual(whole);
  });

  test('go on from a state that was read as if they had not stopped', async () => {
    const half = await runSteps(tinyState(), threads, 0, 3);
    expect(half).not.toEqual(whole);
    expect(await runSteps(half, threads, 3, 6)).toEqual(whole);
  });

  test('do not mind that the state is read in between', async () => {
    const agent = createAgent(tinyOptions(await startBackend('onnx', { threads })));
    agent.load(tinyState());
    for (let step = 0; step < 6; step++) {
      await agent.update(tinyBatch(step), tinyRandomness(step));
      await agent.read();
    }
    expect(await agent.read()).toEqual(whole);
    agent.dispose();
  });
});
