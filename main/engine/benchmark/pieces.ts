import { architectureOfSize, type ModelSize } from '../../../shared/architecture.ts';
import { type BenchmarkWork } from '../../../shared/device.ts';
import { correctionsSchema, hyperparametersSchema } from '../../../shared/hyperparameters.ts';
import { uniforms } from '../../../shared/random.ts';
import { taskCount } from '../../../shared/tasks.ts';
import { elementCount, floatTensor, type FloatTensorMap } from '../../../shared/tensor.ts';
import { type Backend } from '../compute/program.ts';
import { createAgent } from '../tdmpc2/agent.ts';
import { freshState } from '../tdmpc2/agentState.ts';
import { createRewardModel } from '../tdmpc2/inference.ts';
import { initialParameters, parameterSpecifications, taskEmbedding } from '../tdmpc2/parameters.ts';
import { createPlanner } from '../tdmpc2/planner.ts';
import { drawUpdate, type UpdateRandomness } from '../tdmpc2/random.ts';
import { discountOf } from '../tdmpc2/settings.ts';
import { labellingNeed, memoryKindOf, memoryNeed, planningNeed } from '../training/memory.ts';

/** A piece of work that a benchmark times. */
export interface Piece {
  work: BenchmarkWork;
  size: ModelSize;
  /** Sequences of an update, rows of a label batch; 1 for a plan. */
  batchSize: number;
}

/** What matters most comes first: later ones may not fit into the time. */
export const pieces: readonly Piece[] = [
  { work: 'update', size: 1, batchSize: 64 },
  { work: 'update', size: 1, batchSize: 256 },
  { work: 'update', size: 5, batchSize: 64 },
  { work: 'plan', size: 1, batchSize: 1 },
  { work: 'label', size: 317, batchSize: 64 },
];

/** A piece that is ready to be timed. */
export interface PreparedPiece {
  step: () => Promise<void>;
  dispose: () => void;
}

const seed = 1;
/** Wrapped steps of an MT30 episode. */
const episodeLength = 500;
const hyperparameters = hyperparametersSchema.parse({});

/** Memory in bytes that a piece needs on a backend: what does not fit is left out. */
export function memoryOfPiece({ work, size, batchSize }: Piece, backend: Pick<Backend, 'name'>): number {
  const architecture = architectureOfSize(size);
  const kind = memoryKindOf(backend);
  const { horizon, dropout } = hyperparameters;
  if (work === 'update') return memoryNeed({ architecture, batchSize, horizon, dropout: dropout > 0 }, kind).totalBytes;
  if (work === 'label') return labellingNeed({ architecture, rows: batchSize }, 0, kind).totalBytes;
  return planningNeed(architecture, kind).totalBytes;
}

/** Makes weights and data of a piece in memory, and the program that works on them. */
export function preparePiece(piece: Piece, backend: Backend): PreparedPiece {
  switch (piece.work) {
    case 'update':
      return prepareUpdate(piece, backend);
    case 'plan':
      return preparePlan(piece, backend);
    case 'label':
      return prepareLabel(piece, backend);
  }
}

/** Numbers in [-1, 1): a block of random ones, over and over, since their values change no time. */
function fill(count: number, scale = 1): Float32Array {
  const block = uniforms(seed, 0, 0x7fff, Math.min(count, 65_536));
  const values = new Float32Array(count);
  for (let start = 0; start < count; start += block.length)
    values.set(block.subarray(0, Math.min(block.length, count - start)), start);
  return values.map((value) => scale * (2 * value - 1));
}

function tasksOf(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, index) => index % taskCount);
}

/** A distilling update as the paper's: the teacher's rewards of the first step are there. */
function prepareUpdate({ size, batchSize }: Piece, backend: Backend): PreparedPiece {
  const architecture = architectureOfSize(size);
  const { horizon, dropout } = hyperparameters;
  const { obsDim, actionDim, numQ, mlpDim } = architecture;
  const agent = createAgent({
    architecture,
    hyperparameters,
    corrections: correctionsSchema.parse({}),
    terms: [{ target: 'reward', coefficient: 0.4, steps: 'first' }],
    episodeLength,
    backend,
  });
  agent.load(freshState(initialParameters(architecture, seed), architecture));
  const batch = {
    obs: fill((horizon + 1) * batchSize * obsDim),
    action: fill(horizon * batchSize * actionDim),
    reward: fill(horizon * batchSize),
    task: tasksOf(batchSize),
    teacherReward: fill(batchSize),
  };
  let number = 0;
  let draws: UpdateRandomness | undefined;
  return {
    step: async () => {
      number += 1;
      draws = drawUpdate(seed, number, { horizon, batchSize, actionDim, numQ, mlpDim, dropout }, draws);
      await agent.update(batch, draws);
    },
    dispose: () => agent.dispose(),
  };
}

/** As evaluations plan: with dropout in the Qs. */
function preparePlan({ size }: Piece, backend: Backend): PreparedPiece {
  const architecture = architectureOfSize(size);
  const { logStdMin, logStdMax, dropout } = hyperparameters;
  const discount = discountOf(hyperparameters, episodeLength);
  const planner = createPlanner({ architecture, backend, discount, logStdMin, logStdMax, dropout });
  planner.load(initialParameters(architecture, seed));
  const observation = fill(architecture.obsDim);
  let number = 0;
  return {
    step: async () => {
      number += 1;
      await planner.act([{ obs: observation, task: 0, randomness: planner.draw(seed, number) }], true);
    },
    dispose: () => planner.dispose(),
  };
}

/** Encoder and reward head of a teacher; drawing so many weights properly would take longer than the benchmark. */
function prepareLabel({ size, batchSize }: Piece, backend: Backend): PreparedPiece {
  const architecture = architectureOfSize(size);
  const wanted = [taskEmbedding, '_encoder.state.', '_reward.'];
  const parameters: FloatTensorMap = new Map();
  for (const { name, shape, initial } of parameterSpecifications(architecture))
    if (wanted.some((prefix) => name.startsWith(prefix)))
      parameters.set(
        name,
        floatTensor(
          shape,
          initial === 'ones' ? new Float32Array(elementCount(shape)).fill(1) : fill(elementCount(shape), 0.02),
        ),
      );
  const model = createRewardModel({ architecture, backend }, parameters);
  const observations = fill(batchSize * architecture.obsDim);
  const actions = fill(batchSize * architecture.actionDim);
  const task = tasksOf(batchSize);
  return {
    step: async () => {
      await model.predict(observations, actions, task);
    },
    dispose: () => model.dispose(),
  };
}
