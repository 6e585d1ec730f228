import { type Architecture } from '../../../shared/architecture.ts';
import { type DistillationTerm } from '../../../shared/configuration.ts';
import { type Corrections, type Hyperparameters } from '../../../shared/hyperparameters.ts';
import { type Backend, type Outputs } from '../compute/program.ts';
import { type AgentState, stateOf, stateTensors } from './agentState.ts';
import { type UpdateRandomness } from './random.ts';
import { discountOf, mt30ActionDims } from './settings.ts';
import { updateProgram } from './update.ts';
import { batchTensors, type UpdateBatch } from './updateBatch.ts';
import { requireFinite, updateMetrics, type UpdateMetrics } from './updateMetrics.ts';
import { updateScalars } from './updateScalars.ts';

export interface UpdateResult {
  metrics: UpdateMetrics;
  /** [H, B]: the rewards that the student predicted before this update. */
  studentReward: Float32Array;
  /** Gradients by name, where asked for. */
  outputs: Outputs;
}

export interface AgentOptions {
  architecture: Architecture;
  hyperparameters: Hyperparameters;
  corrections: Corrections;
  terms: readonly DistillationTerm[];
  /** Wrapped steps of an episode; 500 for MT30. */
  episodeLength: number;
  backend: Backend;
  actionDims?: readonly number[];
  outputGradients?: boolean;
}

export interface Agent {
  load(state: AgentState): void;
  /** Errors: DATASET_NAN where the batch has a value that is not finite; DIVERGED where a loss or gradient norm is not finite; the state is then as after the update. */
  update(batch: UpdateBatch, randomness: UpdateRandomness): Promise<UpdateResult>;
  read(): Promise<AgentState>;
  dispose(): void;
}

/** A TD-MPC2 agent in training. Its state lives with the backend between `load` and `read`. */
export function createAgent(options: AgentOptions): Agent {
  const { architecture, hyperparameters, corrections, terms } = options;
  const program = updateProgram({
    architecture,
    hyperparameters,
    corrections,
    terms,
    actionDims: options.actionDims ?? mt30ActionDims,
    logStdMin: hyperparameters.logStdMin,
    logStdMax: hyperparameters.logStdMax,
    unscaledLogProbability: corrections.unscaledLogProbability,
    discount: discountOf(hyperparameters, options.episodeLength),
    outputGradients: options.outputGradients ?? false,
  });
  const compiled = options.backend.compile(program);
  const coefficients = terms.map(({ coefficient }) => coefficient);
  let step = 0;

  function load(state: AgentState): void {
    compiled.load(stateTensors(state, architecture));
    step = state.step;
  }

  async function update(batch: UpdateBatch, randomness: UpdateRandomness) {
    const number = step + 1;
    const outputs = await compiled.step(
      batchTensors(architecture, hyperparameters.horizon, terms.length > 0, batch, randomness),
      updateScalars(hyperparameters, number, coefficients),
    );
    step = number;
    const metrics = updateMetrics(outputs.get('metrics') ?? new Float32Array(), hyperparameters, coefficients);
    requireFinite(metrics, number);
    return { metrics, studentReward: outputs.get('studentReward') ?? new Float32Array(), outputs };
  }

  async function read(): Promise<AgentState> {
    return stateOf(await compiled.read(), architecture, step);
  }

  return { load, update, read, dispose: () => compiled.dispose() };
}
