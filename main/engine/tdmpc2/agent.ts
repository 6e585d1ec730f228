import { type Architecture } from '../../../shared/architecture.ts';
import { type Corrections, type DistillationTerm, type Hyperparameters } from '../../../shared/configuration.ts';
import { DecantError } from '../../../shared/errors.ts';
import { elementCount, floatTensor, type FloatTensorMap, type Tensor, type TensorMap } from '../../../shared/tensor.ts';
import { type Backend, type Outputs } from '../compute/program.ts';
import { adamBetas } from './optimiser.ts';
import { parameterSpecifications } from './parameters.ts';
import { discountOf, mt30ActionDims } from './settings.ts';
import { momentNames, scaleName, stalePolicyNormName, updateMetricNames, updateProgram } from './update.ts';

/** Everything that an update changes: enough to go on bit for bit. */
export interface AgentState {
  /** By their official names, in the order of an official checkpoint. */
  parameters: FloatTensorMap;
  /** `optim.exp_avg.<name>`, `optim.exp_avg_sq.<name>`, for the policy `pi_optim.…`. */
  moments: FloatTensorMap;
  /** The running scale of Q values. */
  scale: number;
  /** Updates made. */
  step: number;
  /** Norm of the clipped policy gradients of the last update, which the next one's clipping counts (quirk 4). */
  stalePolicyNorm: number;
}

/** One batch in the official layout. */
export interface UpdateBatch {
  /** [H+1, B, obsDim]. */
  obs: Float32Array;
  /** [H, B, actionDim]. */
  action: Float32Array;
  /** [H, B]. */
  reward: Float32Array;
  /** [B]. */
  task: Int32Array;
  /** Rewards that the teacher predicts, [1, B] for terms at the first step, [H, B] where one takes all; absent without terms. */
  teacherReward?: Float32Array | undefined;
}

/** Every random number of one update. */
export interface UpdateRandomness {
  /** Standard normal, [H, B, actionDim]. */
  noiseTd: Float32Array;
  /** Standard normal, [H+1, B, actionDim]. */
  noisePi: Float32Array;
  /** Two different Qs. */
  pairTd: Int32Array;
  pairPi: Int32Array;
  /** Keep masks of 0 and 1, [numQ, H, B, mlpDim]; needed with dropout. */
  maskTd?: Float32Array | undefined;
  maskValue?: Float32Array | undefined;
  /** [numQ, H+1, B, mlpDim]. */
  maskPi?: Float32Array | undefined;
}

export type UpdateMetrics = Record<(typeof updateMetricNames)[number], number> & {
  /** Raw loss of each distillation term. */
  distillationLosses: number[];
  /** Each part of the total, times its coefficient. */
  weightedConsistencyLoss: number;
  weightedRewardLoss: number;
  weightedValueLoss: number;
  weightedDistillationLosses: number[];
};

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

/** Values that may change between updates; the hyperparameters' and terms' own where left out. */
export interface UpdateOverrides {
  lr?: number;
  distillationCoefs?: readonly number[];
}

export interface Agent {
  load(state: AgentState): void;
  /** Errors: DATASET_NAN where the batch has a value that is not finite; DIVERGED where a loss or gradient norm is not finite; the state is then as after the update. */
  update(batch: UpdateBatch, randomness: UpdateRandomness, overrides?: UpdateOverrides): Promise<UpdateResult>;
  read(): Promise<AgentState>;
  dispose(): void;
}

/** A model that was not trained yet: fresh moments, scale 1. */
export function freshState(parameters: FloatTensorMap, architecture: Architecture): AgentState {
  const moments: FloatTensorMap = new Map();
  for (const { name, shape, group } of parameterSpecifications(architecture)) {
    if (group === 'target') continue;
    const names = momentNames(group, name);
    moments.set(names.avg, floatTensor(shape));
    moments.set(names.avgSq, floatTensor(shape));
  }
  return { parameters, moments, scale: 1, step: 0, stalePolicyNorm: 0 };
}

function scalarTensor(value: number): Tensor {
  return floatTensor([], Float32Array.of(value));
}

function floats(tensors: TensorMap, names: Iterable<string>): FloatTensorMap {
  const result: FloatTensorMap = new Map();
  for (const name of names) {
    const tensor = tensors.get(name);
    if (!(tensor?.data instanceof Float32Array)) throw new Error(`the backend returned no ${name}`);
    result.set(name, floatTensor(tensor.shape, tensor.data));
  }
  return result;
}

function integers(shape: number[], data: Int32Array): Tensor {
  if (data.length !== elementCount(shape)) throw new RangeError(`[${shape.join(', ')}] does not hold ${data.length}`);
  return { dtype: 'int32', shape, data };
}

/** A TD-MPC2 agent in training. Its state lives with the backend between `load` and `read`. */
export function createAgent(options: AgentOptions): Agent {
  const { architecture, hyperparameters, corrections, terms } = options;
  const { horizon } = hyperparameters;
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
  const specifications = parameterSpecifications(architecture);
  let step = 0;

  function load(state: AgentState): void {
    const all: TensorMap = new Map([...state.parameters, ...state.moments]);
    for (const { name, shape } of specifications) {
      const found = all.get(name)?.shape.join(', ');
      if (found !== shape.join(', '))
        throw new RangeError(`${name} should be [${shape.join(', ')}], not [${found ?? 'absent'}]`);
    }
    all.set(scaleName, scalarTensor(state.scale));
    all.set(stalePolicyNormName, scalarTensor(state.stalePolicyNorm));
    compiled.load(all);
    step = state.step;
  }

  function tensorsOf(batch: UpdateBatch, randomness: UpdateRandomness): TensorMap {
    const size = batch.task.length;
    // Clipping would turn NaN into a bound without a trace.
    for (const name of ['obs', 'action', 'reward'] as const)
      if (!batch[name].every(Number.isFinite))
        throw new DecantError('DATASET_NAN', `${name} of a batch has NaN or infinity`);
    const { obsDim, actionDim, numQ, mlpDim } = architecture;
    const tensors: TensorMap = new Map<string, Tensor>([
      ['obs', floatTensor([horizon + 1, size, obsDim], batch.obs)],
      ['action', floatTensor([horizon, size, actionDim], batch.action)],
      ['reward', floatTensor([horizon, size, 1], batch.reward)],
      ['task', integers([size], batch.task)],
      ['noiseTd', floatTensor([horizon, size, actionDim], randomness.noiseTd)],
      ['noisePi', floatTensor([horizon + 1, size, actionDim], randomness.noisePi)],
      ['pairTd', integers([2], randomness.pairTd)],
      ['pairPi', integers([2], randomness.pairPi)],
    ]);
    if (terms.length > 0) {
      const teacher = batch.teacherReward;
      if (teacher === undefined) throw new RangeError('distillation needs the teacher rewards of the batch');
      tensors.set('teacherReward', floatTensor([teacher.length / size, size, 1], teacher));
    }
    const { maskTd, maskValue, maskPi } = randomness;
    if (maskTd !== undefined) tensors.set('maskTd', floatTensor([numQ, horizon, size, mlpDim], maskTd));
    if (maskValue !== undefined) tensors.set('maskValue', floatTensor([numQ, horizon, size, mlpDim], maskValue));
    if (maskPi !== undefined) tensors.set('maskPi', floatTensor([numQ, horizon + 1, size, mlpDim], maskPi));
    return tensors;
  }

  async function update(batch: UpdateBatch, randomness: UpdateRandomness, overrides: UpdateOverrides = {}) {
    const number = step + 1;
    const lr = overrides.lr ?? hyperparameters.lr;
    const [beta1, beta2] = adamBetas;
    const stepSize = lr / (1 - beta1 ** number);
    const coefficients = terms.map(({ coefficient }, index) => overrides.distillationCoefs?.[index] ?? coefficient);
    const { consistencyCoef, rewardCoef, valueCoef, entropyCoef, gradClipNorm, tau, encLrScale } = hyperparameters;
    const outputs = await compiled.step(tensorsOf(batch, randomness), {
      consistencyCoef,
      rewardCoef,
      valueCoef,
      entropyCoef,
      gradClipNorm,
      tau,
      modelStepSize: stepSize,
      encoderStepSize: (lr * encLrScale) / (1 - beta1 ** number),
      policyStepSize: stepSize,
      inverseCorrection: 1 / Math.sqrt(1 - beta2 ** number),
      ...Object.fromEntries(coefficients.map((value, index) => [`distillationCoef${index}`, value])),
    });
    step = number;
    const values = outputs.get('metrics') ?? new Float32Array();
    const studentReward = outputs.get('studentReward') ?? new Float32Array();
    const value = (name: (typeof updateMetricNames)[number]) => values[updateMetricNames.indexOf(name)] ?? Number.NaN;
    const distillationLosses = [...values.subarray(updateMetricNames.length)];
    const metrics: UpdateMetrics = {
      consistencyLoss: value('consistencyLoss'),
      rewardLoss: value('rewardLoss'),
      valueLoss: value('valueLoss'),
      totalLoss: value('totalLoss'),
      piLoss: value('piLoss'),
      modelGradNorm: value('modelGradNorm'),
      modelGradNormClipped: value('modelGradNormClipped'),
      modelGradNormFresh: value('modelGradNormFresh'),
      piGradNorm: value('piGradNorm'),
      piGradNormClipped: value('piGradNormClipped'),
      scale: value('scale'),
      meanTeacherReward: value('meanTeacherReward'),
      meanStudentReward: value('meanStudentReward'),
      teacherStudentMse: value('teacherStudentMse'),
      distillationLosses,
      weightedConsistencyLoss: value('consistencyLoss') * consistencyCoef,
      weightedRewardLoss: value('rewardLoss') * rewardCoef,
      weightedValueLoss: value('valueLoss') * valueCoef,
      weightedDistillationLosses: distillationLosses.map((loss, index) => loss * (coefficients[index] ?? 0)),
    };
    for (const name of ['totalLoss', 'piLoss', 'modelGradNorm', 'piGradNorm'] as const)
      if (!Number.isFinite(metrics[name]))
        throw new DecantError('DIVERGED', `${name} of update ${number} is not finite`);
    return { metrics, studentReward, outputs };
  }

  async function read(): Promise<AgentState> {
    const all = await compiled.read();
    const scalar = (name: string) => Number(all.get(name)?.data[0]);
    const trained = specifications.filter(({ group }) => group !== 'target');
    return {
      parameters: floats(
        all,
        specifications.map(({ name }) => name),
      ),
      moments: floats(
        all,
        trained.flatMap(({ name, group }) => Object.values(momentNames(group, name))),
      ),
      scale: scalar(scaleName),
      step,
      stalePolicyNorm: scalar(stalePolicyNormName),
    };
  }

  return { load, update, read, dispose: () => compiled.dispose() };
}
