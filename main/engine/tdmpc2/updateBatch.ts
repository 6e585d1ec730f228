import type * as tf from '@tensorflow/tfjs';
import { type Architecture } from '../../../shared/architecture.ts';
import { DecantError } from '../../../shared/errors.ts';
import { elementCount, floatTensor, type Tensor, type TensorMap } from '../../../shared/tensor.ts';
import { type UpdateRandomness } from './random.ts';
import { type UpdateSettings } from './settings.ts';
import { type NamedTensors, requireTensor } from './tensors.ts';

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

/**
 * Batch and random numbers as the update program takes them. Errors: DATASET_NAN where a value of the batch is not finite; RangeError
 * where a length does not fit, or where `distils` and the teacher's rewards are absent.
 */
export function batchTensors(
  architecture: Architecture,
  horizon: number,
  distils: boolean,
  batch: UpdateBatch,
  randomness: UpdateRandomness,
): TensorMap {
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
  if (distils) {
    const teacher = batch.teacherReward;
    if (teacher === undefined) throw new RangeError('distillation needs the teacher rewards of the batch');
    tensors.set('teacherReward', floatTensor([teacher.length / size, size, 1], teacher));
  }
  const { maskTd, maskValue, maskPi } = randomness;
  if (maskTd !== undefined) tensors.set('maskTd', bytes([numQ, horizon, size, mlpDim], maskTd));
  if (maskValue !== undefined) tensors.set('maskValue', bytes([numQ, horizon, size, mlpDim], maskValue));
  if (maskPi !== undefined) tensors.set('maskPi', bytes([numQ, horizon + 1, size, mlpDim], maskPi));
  return tensors;
}

function integers(shape: number[], data: Int32Array): Tensor {
  requireLength(shape, data);
  return { dtype: 'int32', shape, data };
}

function bytes(shape: number[], data: Uint8Array): Tensor {
  requireLength(shape, data);
  return { dtype: 'uint8', shape, data };
}

function requireLength(shape: number[], { length }: ArrayLike<number>): void {
  if (length !== elementCount(shape)) throw new RangeError(`[${shape.join(', ')}] does not hold ${length}`);
}

/** The same inside the program; a mask is absent where nothing is dropped. */
export interface UpdateInputs {
  obs: tf.Tensor;
  action: tf.Tensor;
  reward: tf.Tensor;
  task: tf.Tensor;
  teacher: tf.Tensor | undefined;
  noiseTd: tf.Tensor;
  noisePi: tf.Tensor;
  pairTd: tf.Tensor;
  pairPi: tf.Tensor;
  maskTd: tf.Tensor | undefined;
  maskValue: tf.Tensor | undefined;
  maskPi: tf.Tensor | undefined;
}

/** Errors: RangeError where one that the settings need is missing. */
export function updateInputs(
  batch: NamedTensors,
  { hyperparameters, corrections, terms }: UpdateSettings,
): UpdateInputs {
  const mask = (name: string, used = true) =>
    hyperparameters.dropout > 0 && used ? requireTensor(batch, name) : undefined;
  return {
    obs: requireTensor(batch, 'obs'),
    action: requireTensor(batch, 'action'),
    reward: requireTensor(batch, 'reward'),
    task: requireTensor(batch, 'task'),
    teacher: terms.length > 0 ? requireTensor(batch, 'teacherReward') : undefined,
    noiseTd: requireTensor(batch, 'noiseTd'),
    noisePi: requireTensor(batch, 'noisePi'),
    pairTd: requireTensor(batch, 'pairTd'),
    pairPi: requireTensor(batch, 'pairPi'),
    maskTd: mask('maskTd', !corrections.dropoutOnlyInLosses),
    maskValue: mask('maskValue'),
    maskPi: mask('maskPi'),
  };
}
