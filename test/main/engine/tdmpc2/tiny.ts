import { type Architecture } from '../../../../shared/architecture.ts';
import { correctionsSchema, hyperparametersSchema } from '../../../../shared/hyperparameters.ts';
import { type Backend } from '../../../../main/engine/compute/program.ts';
import { type AgentOptions } from '../../../../main/engine/tdmpc2/agent.ts';
import { type AgentState, freshState } from '../../../../main/engine/tdmpc2/agentState.ts';
import { initialParameters } from '../../../../main/engine/tdmpc2/parameters.ts';
import { drawUpdate, normalsOf } from '../../../../main/engine/tdmpc2/random.ts';
import { type UpdateBatch } from '../../../../main/engine/tdmpc2/updateBatch.ts';

/** A model so small that an update takes milliseconds; nothing about it is special. */
export const tiny: Architecture = {
  encDim: 6,
  mlpDim: 5,
  latentDim: 4,
  numEncLayers: 3,
  numQ: 3,
  taskDim: 3,
  simnormDim: 2,
  numBins: 11,
  vmin: -3,
  vmax: 3,
  numTasks: 4,
  obsDim: 5,
  actionDim: 3,
};
export const tinyActionDims = [3, 1, 2, 3];
export const tinyBatchSize = 6;
const horizon = 3;
const site = 99;

export function tinyOptions(backend: Backend, overrides: Partial<AgentOptions> = {}): AgentOptions {
  return {
    architecture: tiny,
    hyperparameters: hyperparametersSchema.parse({ dropout: 0.2, gradClipNorm: 1e9 }),
    corrections: correctionsSchema.parse({}),
    terms: [
      { target: 'reward', coefficient: 0.4, steps: 'first' },
      { target: 'reward', coefficient: 0.3, steps: 'all' },
    ],
    episodeLength: 500,
    backend,
    actionDims: tinyActionDims,
    ...overrides,
  };
}

/** Fresh weights made large and nowhere zero, so that every path carries a gradient. */
export function tinyState(seed = 1): AgentState {
  const parameters = initialParameters(tiny, seed);
  [...parameters.values()].forEach(({ data }, index) => {
    const noise = normalsOf(seed, index, site + 1, data.length);
    data.forEach((value, entry) => (data[entry] = value + 0.4 * (noise[entry] ?? 0)));
  });
  return freshState(parameters, tiny);
}

export function tinyBatch(step = 0): UpdateBatch {
  const rows = horizon * tinyBatchSize;
  const normal = (index: number, count: number) => normalsOf(7, 100 * step + index, site, count);
  return {
    obs: normal(0, (rows + tinyBatchSize) * tiny.obsDim),
    action: normal(1, rows * tiny.actionDim).map((value) => Math.tanh(value)),
    reward: normal(2, rows).map((value) => Math.abs(value)),
    task: Int32Array.from({ length: tinyBatchSize }, (_, index) => index % (tiny.numTasks - 1)),
    teacherReward: normal(3, rows),
  };
}

export function tinyRandomness(step = 0) {
  const { actionDim, numQ, mlpDim } = tiny;
  return drawUpdate(3, step, { horizon, batchSize: tinyBatchSize, actionDim, numQ, mlpDim, dropout: 0.2 });
}
