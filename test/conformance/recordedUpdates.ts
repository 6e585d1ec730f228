import { type Backend } from '../../main/engine/compute/program.ts';
import { type Agent, createAgent } from '../../main/engine/tdmpc2/agent.ts';
import { freshState } from '../../main/engine/tdmpc2/agentState.ts';
import { twoHotInv } from '../../main/engine/tdmpc2/math.ts';
import { requireTensor } from '../../main/engine/tdmpc2/tensors.ts';
import { evaluateOn, recordedInputs } from './evaluate.ts';
import { type FixtureSet } from './fixtureSet.ts';

/** Our names of the recorded dropout masks. */
export const maskNames = {
  maskTd: 'dropout_mask_1_td_target',
  maskValue: 'dropout_mask_2_value_loss',
  maskPi: 'dropout_mask_3_policy',
} as const;

/** Updates that a set has inputs for. */
export function updateCount(set: FixtureSet): number {
  let count = 0;
  while (set.has(`update${count}_inputs`)) count += 1;
  return count;
}

async function teacherReward(set: FixtureSet, backend: Backend, file: string): Promise<Float32Array> {
  const name = 'teacher_reward_logits';
  const rewards = await evaluateOn(
    backend,
    'teacher',
    (inputs) => new Map([['reward', twoHotInv(requireTensor(inputs, name), set.architecture)]]),
    recordedInputs(set, file, [name]),
  );
  return rewards.get('reward') ?? new Float32Array();
}

/** The next update of an agent, with recorded batch and random numbers. */
export async function runUpdate(set: FixtureSet, backend: Backend, agent: Agent, update: number) {
  const file = `update${update}_inputs`;
  const mask = (name: string) => (set.tensors(file).has(name) ? Uint8Array.from(set.floats(file, name)) : undefined);
  return agent.update(
    {
      obs: set.floats(file, 'obs'),
      action: set.floats(file, 'action'),
      reward: set.floats(file, 'reward'),
      task: set.integers(file, 'task'),
      teacherReward: await teacherReward(set, backend, file),
    },
    {
      noiseTd: set.floats(file, 'noise_td'),
      noisePi: set.floats(file, 'noise_pi'),
      pairTd: set.integers(file, 'qidx_td'),
      pairPi: set.integers(file, 'qidx_pi'),
      maskTd: mask(maskNames.maskTd),
      maskValue: mask(maskNames.maskValue),
      maskPi: mask(maskNames.maskPi),
    },
  );
}

/** An agent before its first recorded update. */
export function agentOf(set: FixtureSet, backend: Backend, gradClipNorm: number): Agent {
  const agent = createAgent({
    architecture: set.architecture,
    hyperparameters: { ...set.hyperparameters, gradClipNorm },
    corrections: set.corrections,
    terms: set.terms,
    episodeLength: 500,
    backend,
    outputGradients: true,
  });
  agent.load(freshState(set.initialParameters(), set.architecture));
  return agent;
}

/** Every parameter and moment of an agent, by name. */
export async function valuesOf(agent: Agent): Promise<Map<string, Float32Array>> {
  const { parameters, moments } = await agent.read();
  return new Map([...parameters, ...moments].map(([name, { data }]) => [name, data]));
}
