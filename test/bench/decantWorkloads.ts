import { correctionsSchema } from '../../shared/hyperparameters.ts';
import { type Backend } from '../../main/engine/compute/program.ts';
import { createAgent } from '../../main/engine/tdmpc2/agent.ts';
import { freshState } from '../../main/engine/tdmpc2/agentState.ts';
import { createRewardModel } from '../../main/engine/tdmpc2/inference.ts';
import { nets } from '../../main/engine/tdmpc2/parameters.ts';
import { createPlanner } from '../../main/engine/tdmpc2/planner.ts';
import { drawUpdate, normalsOf, type UpdateRandomness } from '../../main/engine/tdmpc2/random.ts';
import { type UpdateBatch } from '../../main/engine/tdmpc2/updateBatch.ts';
import { benchParameters } from './benchParameters.ts';
import { type Job } from './protocol.ts';

/** Takes the time of what it is given to do. */
export type Timed = <Result>(action: () => Result) => Result;

/** One step; drawing of random numbers goes through `timed`. */
export type Step = (index: number, timed: Timed) => Promise<void>;

/** Makes the program: what lowers and compiles belongs to the first call, so weights and batches are made before. */
export type Start = () => Step;

/** Batches that steps go through in turn. */
const batchCount = 5;

function normals(job: Job, index: number, site: number, count: number): Float32Array {
  return normalsOf(job.seed, index, 100 + site, count);
}

/** Rows of every task, with actions and rewards in their ranges. */
function randomBatch(job: Job, index: number): UpdateBatch {
  const { architecture, batch, hyperparameters } = job;
  const { obsDim, actionDim, numTasks } = architecture;
  const { horizon } = hyperparameters;
  const task = Int32Array.from({ length: batch }, (_, row) => (row * 7 + index) % numTasks);
  const isOwn = (position: number) => {
    const row = Math.floor(position / actionDim) % batch;
    return position % actionDim < (job.actionDims[task[row] ?? 0] ?? actionDim);
  };
  return {
    obs: normals(job, index, 0, (horizon + 1) * batch * obsDim),
    action: normals(job, index, 1, horizon * batch * actionDim).map((value, position) =>
      isOwn(position) ? Math.tanh(value) : 0,
    ),
    reward: normals(job, index, 2, horizon * batch).map((value) => Math.min(Math.abs(value), 2)),
    task,
    teacherReward: normals(job, index, 3, batch).map((value) => Math.min(Math.abs(value), 2)),
  };
}

function updateWorkload(job: Job, backend: Backend): Start {
  const { architecture, hyperparameters, batch } = job;
  const batches = Array.from({ length: batchCount }, (_, index) => randomBatch(job, index));
  const state = freshState(benchParameters(architecture, nets, job.seed), architecture);
  const sizes = { ...hyperparameters, ...architecture, batchSize: batch };
  return () => {
    const agent = createAgent({
      architecture,
      hyperparameters,
      corrections: correctionsSchema.parse({}),
      terms: [{ target: 'reward', coefficient: job.distillationCoef, steps: 'first' }],
      episodeLength: 500,
      backend,
      actionDims: job.actionDims,
    });
    agent.load(state);
    let randomness: UpdateRandomness | undefined;
    return async (index, timed) => {
      const chosen = batches[index % batchCount];
      if (chosen === undefined) throw new RangeError('no batch');
      randomness = timed(() => drawUpdate(job.seed, index, sizes, randomness));
      await agent.update(chosen, randomness);
    };
  };
}

function planWorkload(job: Job, backend: Backend): Start {
  const { architecture, hyperparameters, environments } = job;
  const parameters = benchParameters(architecture, nets, job.seed);
  const observations = Array.from({ length: batchCount }, (_, index) => normals(job, index, 4, architecture.obsDim));
  return () => {
    const planner = createPlanner({
      architecture,
      backend,
      discount: job.discount,
      logStdMin: hyperparameters.logStdMin,
      logStdMax: hyperparameters.logStdMax,
      dropout: hyperparameters.dropout,
      environments,
      planner: job.planner,
      actionDims: job.actionDims,
    });
    planner.load(parameters);
    return async (index, timed) => {
      const requests = Array.from({ length: environments }, (_, environment) => ({
        obs: observations[(index + environment) % batchCount] ?? new Float32Array(architecture.obsDim),
        task: (3 * environment) % architecture.numTasks,
        randomness: timed(() => planner.draw(job.seed + environment, index)),
      }));
      await planner.act(requests, false);
    };
  };
}

function labelWorkload(job: Job, backend: Backend): Start {
  const { architecture, batch } = job;
  const parameters = benchParameters(architecture, ['_encoder.state', '_reward'], job.seed);
  const { obs, action, task } = randomBatch(job, 0);
  const rows = {
    obs: obs.subarray(0, batch * architecture.obsDim),
    action: action.subarray(0, batch * architecture.actionDim),
  };
  return () => {
    const model = createRewardModel({ architecture, backend, actionDims: job.actionDims, maxRows: batch }, parameters);
    return async () => {
      await model.predict(rows.obs, rows.action, task);
    };
  };
}

/** What `job` asks Decant for. */
export function workloadOf(job: Job, backend: Backend): Start {
  switch (job.what) {
    case 'update':
      return updateWorkload(job, backend);
    case 'plan':
      return planWorkload(job, backend);
    case 'label':
      return labelWorkload(job, backend);
  }
}
