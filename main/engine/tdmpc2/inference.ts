import type * as tf from '@tensorflow/tfjs';
import { type Architecture } from '../../../shared/architecture.ts';
import { floatTensor, type FloatTensorMap, type Tensor } from '../../../shared/tensor.ts';
import { type Backend, type Program } from '../compute/program.ts';
import { twoHotInv } from './math.ts';
import { type Net, parameterSpecifications, taskEmbedding } from './parameters.ts';
import { mt30ActionDims } from './settings.ts';
import { type NamedTensors, requireTensor } from './tensors.ts';
import { Weights } from './weights.ts';
import { encode, type ModelSettings, pi, renormalised, reward, taskContext } from './worldModel.ts';

/** The parameters of some nets, and the task embedding. */
function parametersOfNets(architecture: Architecture, nets: readonly Net[]): string[] {
  return parameterSpecifications(architecture)
    .map(({ name }) => name)
    .filter((name) => name === taskEmbedding || nets.some((net) => name.startsWith(`${net}.`)));
}

function frozenProgram(
  settings: ModelSettings,
  name: string,
  nets: readonly Net[],
  output: (weights: Weights, batch: NamedTensors, task: tf.Tensor) => tf.Tensor,
): Program {
  return {
    name,
    state: parametersOfNets(settings.architecture, nets),
    run: (state, batch) => {
      const task = requireTensor(batch, 'task');
      const current = renormalised(state, task);
      const weights = new Weights(current, true);
      const result = output(weights, batch, task);
      weights.dispose();
      return { state: current, outputs: new Map([['output', result]]) };
    },
  };
}

/** Predicted rewards of (obs, action, task) rows: `two_hot_inv(reward(encode(obs, task), action, task))`, output [rows, 1]. */
function rewardProgram(settings: ModelSettings): Program {
  return frozenProgram(settings, 'reward', ['_encoder.state', '_reward'], (weights, batch, task) => {
    const context = taskContext(settings, weights, task);
    const z = encode(settings, weights, requireTensor(batch, 'obs'), context);
    const logits = reward(settings, weights, z, requireTensor(batch, 'action'), context);
    return twoHotInv(logits, settings.architecture);
  });
}

/** Actions of the policy for obs rows: sampled with `noise`, its mean where the noise is zero; output [rows, actionDim]. */
function policyProgram(settings: ModelSettings): Program {
  return frozenProgram(settings, 'policy', ['_encoder.state', '_pi'], (weights, batch, task) => {
    const context = taskContext(settings, weights, task);
    const z = encode(settings, weights, requireTensor(batch, 'obs'), context);
    return pi(settings, weights, z, requireTensor(batch, 'noise'), context).action;
  });
}

export interface InferenceOptions {
  architecture: Architecture;
  backend: Backend;
  logStdMin?: number;
  logStdMax?: number;
  actionDims?: readonly number[];
  /** Rows computed at once; more are cut into parts. */
  maxRows?: number;
}

function settingsOf(options: InferenceOptions): ModelSettings {
  return {
    architecture: options.architecture,
    actionDims: options.actionDims ?? mt30ActionDims,
    logStdMin: options.logStdMin ?? -10,
    logStdMax: options.logStdMax ?? 2,
    unscaledLogProbability: false,
  };
}

/** Rows of a fixed width. */
interface Column {
  name: string;
  width: number;
  data: Float32Array;
}

/** How many rows are computed for `rows` of them: a power of two where each number would be compiled anew. */
export function paddedRows(rows: number, maxRows: number, compiled: boolean): number {
  return compiled ? Math.min(2 ** Math.ceil(Math.log2(rows)), maxRows) : rows;
}

/** The first values are those of `data`, the rest is 0. */
function padded<Data extends Float32Array | Int32Array>(data: Data, empty: Data): Data {
  if (data.length === empty.length) return data;
  empty.set(data);
  return empty;
}

/** Runs a program on rows, part by part; the outputs joined. */
async function runRows(
  step: (batch: Map<string, Tensor>) => Promise<ReadonlyMap<string, Float32Array>>,
  columns: readonly Column[],
  task: Int32Array,
  outputWidth: number,
  { maxRows = 4096, backend }: InferenceOptions,
): Promise<Float32Array> {
  const rows = task.length;
  const result = new Float32Array(rows * outputWidth);
  for (let start = 0; start < rows; start += maxRows) {
    const end = Math.min(start + maxRows, rows);
    const count = paddedRows(end - start, maxRows, backend.compiled === true);
    const tasks = padded(task.subarray(start, end), new Int32Array(count));
    const batch = new Map<string, Tensor>([['task', { dtype: 'int32', shape: [count], data: tasks }]]);
    for (const { name, width, data } of columns) {
      const part = padded(data.subarray(start * width, end * width), new Float32Array(count * width));
      batch.set(name, floatTensor([count, width], part));
    }
    const output = (await step(batch)).get('output') ?? new Float32Array();
    result.set(output.subarray(0, (end - start) * outputWidth), start * outputWidth);
  }
  return result;
}

export interface RewardModel {
  /** @param obs [rows, obsDim]. @param action [rows, actionDim]. @param task [rows]. Returns the predicted reward of each row. */
  predict(obs: Float32Array, action: Float32Array, task: Int32Array): Promise<Float32Array>;
  dispose(): void;
}

/** A teacher's or student's reward, without the rest of the model: `parameters` needs encoder, reward head and task embedding. */
export function createRewardModel(options: InferenceOptions, parameters: FloatTensorMap): RewardModel {
  const { obsDim, actionDim } = options.architecture;
  const compiled = options.backend.compile(rewardProgram(settingsOf(options)));
  compiled.load(new Map(parameters));
  return {
    predict: (obs, action, task) =>
      runRows(
        (batch) => compiled.step(batch, {}),
        [
          { name: 'obs', width: obsDim, data: obs },
          { name: 'action', width: actionDim, data: action },
        ],
        task,
        1,
        options,
      ),
    dispose: () => compiled.dispose(),
  };
}

export interface PolicyModel {
  /** @param obs [rows, obsDim]. @param noise standard normal [rows, actionDim], or undefined for the mean. Padded actions. */
  act(obs: Float32Array, task: Int32Array, noise?: Float32Array): Promise<Float32Array>;
  dispose(): void;
}

/** The policy alone: `parameters` needs encoder, policy and task embedding. */
export function createPolicyModel(options: InferenceOptions, parameters: FloatTensorMap): PolicyModel {
  const { obsDim, actionDim } = options.architecture;
  const compiled = options.backend.compile(policyProgram(settingsOf(options)));
  compiled.load(new Map(parameters));
  return {
    act: (obs, task, noise = new Float32Array(task.length * actionDim)) =>
      runRows(
        (batch) => compiled.step(batch, {}),
        [
          { name: 'obs', width: obsDim, data: obs },
          { name: 'noise', width: actionDim, data: noise },
        ],
        task,
        actionDim,
        options,
      ),
    dispose: () => compiled.dispose(),
  };
}
