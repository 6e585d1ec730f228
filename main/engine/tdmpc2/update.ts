import * as tf from '@tensorflow/tfjs';
import { type Corrections, type DistillationTerm, type Hyperparameters } from '../../../shared/configuration.ts';
import { type Program } from '../compute/program.ts';
import { checkTerms, labelledSteps, rewardTermLoss } from './distill.ts';
import { valueAndGradients } from './gradients.ts';
import { Weights } from './layers.ts';
import { softCrossEntropy, twoHot, twoHotInv } from './math.ts';
import {
  adam,
  type AdamStep,
  clipFactor,
  modelEpsilon,
  movingAverage,
  policyEpsilon,
  squaredNorm,
} from './optimiser.ts';
import { type ParameterSpecification, parameterSpecifications, taskEmbedding } from './parameters.ts';
import { updateScale } from './scale.ts';
import { addAll, asRows, type NamedTensors, requireTensor, stepOf } from './tensors.ts';
import {
  encode,
  type ModelSettings,
  next,
  pi,
  qLogits,
  qOfPair,
  renormalisedEmbedding,
  repeatContext,
  reward,
  type TaskContext,
  taskContext,
} from './worldModel.ts';

export interface UpdateSettings extends ModelSettings {
  hyperparameters: Hyperparameters;
  corrections: Corrections;
  terms: readonly DistillationTerm[];
  discount: number;
  /** Also outputs every gradient before clipping, and the clipped policy gradients, for tests. */
  outputGradients?: boolean;
}

/** Names of the state besides parameters and moments; both scalars. */
export const scaleName = 'scale';
export const stalePolicyNormName = 'stale_policy_norm';

export function momentNames(group: ParameterSpecification['group'], name: string): { avg: string; avgSq: string } {
  const optimiser = group === 'policy' ? 'pi_optim' : 'optim';
  return { avg: `${optimiser}.exp_avg.${name}`, avgSq: `${optimiser}.exp_avg_sq.${name}` };
}

/** The metrics of one update, in the order of the output `metrics`; with one raw loss for each distillation term after them. */
export const updateMetricNames = [
  'consistencyLoss',
  'rewardLoss',
  'valueLoss',
  'totalLoss',
  'piLoss',
  'modelGradNorm',
  'modelGradNormClipped',
  'modelGradNormFresh',
  'piGradNorm',
  'piGradNormClipped',
  'scale',
  'meanTeacherReward',
  'meanStudentReward',
  'teacherStudentMse',
] as const;

/** Scalar inputs of the program, besides `distillationCoef0`, `distillationCoef1`, … for the terms. */
export const updateScalarNames = [
  'consistencyCoef',
  'rewardCoef',
  'valueCoef',
  'entropyCoef',
  'gradClipNorm',
  'tau',
  'modelStepSize',
  'encoderStepSize',
  'policyStepSize',
  'inverseCorrection',
] as const;
export type UpdateScalarName = (typeof updateScalarNames)[number] | `distillationCoef${number}`;

/** The masks, noises and pairs of one update, as the program takes them. */
interface Inputs {
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

function inputsOf(batch: NamedTensors, settings: UpdateSettings): Inputs {
  const { hyperparameters, corrections, terms } = settings;
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

/** `weightOf(t)` for the rows of step t of a time-major batch: [steps * batch, 1]. */
function rowWeights(steps: number, batch: number, weightOf: (step: number) => number): tf.Tensor {
  const values = Float32Array.from({ length: steps * batch }, (_, row) => weightOf(Math.floor(row / batch)));
  return tf.tensor2d(values, [steps * batch, 1]);
}

/** The TD target of next latent states [rows, latentDim]: reward + discount * the smaller of two target Qs, [rows, 1]. */
export function tdTarget(
  settings: UpdateSettings,
  weights: Weights,
  nextZ: tf.Tensor,
  inputs: Pick<Inputs, 'reward' | 'noiseTd' | 'pairTd' | 'maskTd'>,
  context: TaskContext,
): tf.Tensor {
  const { action } = pi(settings, weights, nextZ, asRows(inputs.noiseTd), context);
  const options = {
    target: true,
    pair: inputs.pairTd,
    mask: inputs.maskTd,
    dropout: settings.hyperparameters.dropout,
  };
  const q = qOfPair(settings, weights, nextZ, action, context, options, 'min');
  return tf.add(asRows(inputs.reward), tf.mul(settings.discount, q));
}

interface ModelPhase {
  gradients: tf.Tensor[];
  /** Latent states of all steps, the encoded first one included: [(H + 1) * B, latentDim]. */
  zs: tf.Tensor;
  consistencyLoss: tf.Tensor;
  rewardLoss: tf.Tensor;
  valueLoss: tf.Tensor;
  totalLoss: tf.Tensor;
  studentReward: tf.Tensor;
  distillationLosses: tf.Tensor[];
}

/** Losses of the model and their gradients with respect to `trained`. */
function modelPhase(
  settings: UpdateSettings,
  weights: Weights,
  inputs: Inputs,
  scalar: (name: UpdateScalarName) => tf.Tensor,
  trained: readonly tf.Tensor[],
): ModelPhase {
  const { hyperparameters, architecture, terms } = settings;
  const { horizon, rho, dropout } = hyperparameters;
  const batch = inputs.task.shape[0];
  const frozen = weights.freeze();

  const constantContext = repeatContext(taskContext(settings, frozen, inputs.task), horizon);
  const obsAfter = tf.slice(inputs.obs, [1, 0, 0], [horizon, batch, architecture.obsDim]);
  const nextZ = encode(settings, frozen, asRows(obsAfter), constantContext);
  const target = twoHot(tdTarget(settings, frozen, nextZ, inputs, constantContext), architecture);
  const nextZs = tf.reshape(nextZ, [horizon, batch, architecture.latentDim]);
  const rewardTarget = twoHot(asRows(inputs.reward), architecture);
  const weightOf = rowWeights(horizon, batch, (step) => rho ** step / (horizon * batch));

  const { gradients, auxiliary } = valueAndGradients(() => {
    const context = taskContext(settings, weights, inputs.task);
    let z = encode(settings, weights, stepOf(inputs.obs, 0), context);
    const zs = [z];
    const consistency: tf.Tensor[] = [];
    for (let step = 0; step < horizon; step++) {
      z = next(settings, weights, z, stepOf(inputs.action, step), context);
      zs.push(z);
      const error = tf.mean(tf.square(tf.sub(z, stepOf(nextZs, step))));
      consistency.push(tf.mul(error, rho ** step / horizon));
    }
    const consistencyLoss = addAll(consistency);

    const contexts = repeatContext(context, horizon);
    const before = tf.concat(zs.slice(0, horizon), 0);
    const actions = asRows(inputs.action);
    const rewardLogits = reward(settings, weights, before, actions, contexts);
    const rewardLoss = tf.sum(tf.mul(softCrossEntropy(rewardLogits, rewardTarget), weightOf));
    const options = { mask: inputs.maskValue, dropout };
    const values = qLogits(settings, weights, before, actions, contexts, options);
    const valueErrors = tf.mean(
      softCrossEntropy(values, tf.tile(tf.expandDims(target, 0), [values.shape[0], 1, 1])),
      0,
    );
    const valueLoss = tf.sum(tf.mul(valueErrors, weightOf));

    const student = tf.reshape(twoHotInv(rewardLogits, architecture), [horizon, batch, 1]);
    const { teacher } = inputs;
    const distillation =
      teacher === undefined ? [] : terms.map((term) => rewardTermLoss(term, teacher, student, rho, horizon));
    const totalLoss = addAll([
      tf.mul(consistencyLoss, scalar('consistencyCoef')),
      tf.mul(rewardLoss, scalar('rewardCoef')),
      tf.mul(valueLoss, scalar('valueCoef')),
      ...distillation.map((loss, index) => tf.mul(loss, scalar(`distillationCoef${index}`))),
    ]);
    return {
      value: totalLoss,
      auxiliary: {
        zs: tf.concat(zs, 0),
        consistencyLoss,
        rewardLoss,
        valueLoss,
        totalLoss: tf.clone(totalLoss),
        studentReward: student,
        distillationLosses: distillation.length > 0 ? tf.stack(distillation) : tf.zeros([1]),
      },
    };
  }, trained);
  const distillationLosses = terms.map((_, index) => tf.reshape(tf.slice(auxiliary.distillationLosses, index, 1), []));
  return { ...auxiliary, distillationLosses, gradients };
}

interface PolicyPhase {
  gradients: tf.Tensor[];
  piLoss: tf.Tensor;
  scale: tf.Tensor;
}

/** The policy's loss on latent states that are constants, with frozen Qs, and its gradients with respect to `trained`. */
function policyPhase(
  settings: UpdateSettings,
  weights: Weights,
  zs: tf.Tensor,
  inputs: Inputs,
  scalar: (name: UpdateScalarName) => tf.Tensor,
  scale: tf.Tensor,
  trained: readonly tf.Tensor[],
): PolicyPhase {
  const { horizon, rho, dropout } = settings.hyperparameters;
  const batch = inputs.task.shape[0];
  const frozen = weights.freeze();
  const context = repeatContext(taskContext(settings, frozen, inputs.task), horizon + 1);
  const weightOf = rowWeights(horizon + 1, batch, (step) => rho ** step / ((horizon + 1) * batch));
  const { gradients, auxiliary } = valueAndGradients(() => {
    const { action, logProb } = pi(settings, weights, zs, asRows(inputs.noisePi), context);
    const options = { pair: inputs.pairPi, mask: inputs.maskPi, dropout };
    const q = qOfPair(settings, frozen, zs, action, context, options, 'avg');
    const newScale = updateScale(scale, tf.slice(q, [0, 0], [batch, 1]), scalar('tau'));
    const loss = tf.sub(tf.mul(scalar('entropyCoef'), logProb), tf.div(q, newScale));
    const piLoss = tf.sum(tf.mul(loss, weightOf));
    return { value: piLoss, auxiliary: { piLoss: tf.clone(piLoss), scale: newScale } };
  }, trained);
  return { ...auxiliary, gradients };
}

/** Applies Adam to one group of parameters; collects the new parameters and moments in `after`. */
function optimise(
  specifications: readonly ParameterSpecification[],
  state: NamedTensors,
  gradients: ReadonlyMap<string, tf.Tensor>,
  factor: tf.Tensor,
  stepOfGroup: (group: ParameterSpecification['group']) => AdamStep,
  after: Map<string, tf.Tensor>,
): void {
  for (const { name, group } of specifications) {
    const names = momentNames(group, name);
    const current = {
      parameter: requireTensor(state, name),
      expAvg: requireTensor(state, names.avg),
      expAvgSq: requireTensor(state, names.avgSq),
    };
    const result = adam(current, requireTensor(gradients, name), factor, stepOfGroup(group));
    after.set(name, result.parameter);
    after.set(names.avg, result.expAvg);
    after.set(names.avgSq, result.expAvgSq);
  }
}

function byName(
  specifications: readonly ParameterSpecification[],
  tensors: readonly tf.Tensor[],
): Map<string, tf.Tensor> {
  return new Map(
    specifications.flatMap(({ name }, index) => {
      const tensor = tensors[index];
      return tensor === undefined ? [] : [[name, tensor]];
    }),
  );
}

/**
 * The whole official update as a program: TD target, model losses, clipping, Adam, policy loss on the updated model, clipping,
 * Adam, running scale, target average. Reads no data, so it can be traced.
 *
 * State: every parameter, both Adam moments of every trained one (`momentNames`), `scale`, `stale_policy_norm`.
 * Batch: obs [H+1, B, obsDim], action [H, B, actionDim], reward [H, B, 1], task int32 [B], teacherReward [1 or H, B, 1] where there
 * are distillation terms, noiseTd [H, B, actionDim], noisePi [H+1, B, actionDim], pairTd and pairPi int32 [2], and with dropout the
 * keep masks (0 or 1) maskTd and maskValue [numQ, H, B, mlpDim] and maskPi [numQ, H+1, B, mlpDim].
 * Outputs: `metrics`, `teacherReward` and `studentReward` [H, B, 1]; with `outputGradients` also `model_grad_preclip.<parameter>`,
 * `pi_grad_preclip.<parameter>` and `stale.<parameter>`, the clipped policy gradients that the next update's norm counts.
 */
export function updateProgram(settings: UpdateSettings): Program {
  checkTerms(settings.terms);
  const specifications = parameterSpecifications(settings.architecture);
  const inGroups = (...groups: ParameterSpecification['group'][]) =>
    specifications.filter(({ group }) => groups.includes(group));
  const modelGroup = inGroups('encoder', 'model');
  const policyGroup = inGroups('policy');
  const targetGroup = inGroups('target');
  const { taskDim } = settings.architecture;

  function run(state: NamedTensors, batch: NamedTensors, scalars: NamedTensors) {
    const scalar = (name: UpdateScalarName) => requireTensor(scalars, name);
    const inputs = inputsOf(batch, settings);
    const current = new Map(state);
    const renormalise = (tensors: Map<string, tf.Tensor>) => {
      if (taskDim > 0)
        tensors.set(taskEmbedding, renormalisedEmbedding(requireTensor(tensors, taskEmbedding), inputs.task));
    };
    renormalise(current);
    const weights = new Weights(current);
    const model = modelPhase(
      settings,
      weights,
      inputs,
      scalar,
      modelGroup.map(({ name }) => requireTensor(current, name)),
    );
    weights.dispose();

    const fresh = squaredNorm(model.gradients);
    const staleNorm = requireTensor(state, stalePolicyNormName);
    const norm = settings.corrections.clipWithoutStalePolicy
      ? tf.sqrt(fresh)
      : tf.sqrt(tf.add(fresh, tf.square(staleNorm)));
    const factor = clipFactor(norm, scalar('gradClipNorm'));
    const after = new Map(current);
    const modelGradients = byName(modelGroup, model.gradients);
    const inverseCorrection = scalar('inverseCorrection');
    optimise(
      modelGroup,
      current,
      modelGradients,
      factor,
      (group) => ({
        stepSize: scalar(group === 'encoder' ? 'encoderStepSize' : 'modelStepSize'),
        inverseCorrection,
        epsilon: modelEpsilon,
      }),
      after,
    );

    renormalise(after);
    const updated = new Weights(after);
    const policy = policyPhase(
      settings,
      updated,
      model.zs,
      inputs,
      scalar,
      requireTensor(state, scaleName),
      policyGroup.map(({ name }) => requireTensor(after, name)),
    );
    updated.dispose();
    const piNorm = tf.sqrt(squaredNorm(policy.gradients));
    const piFactor = clipFactor(piNorm, scalar('gradClipNorm'));
    const piNormClipped = tf.mul(piNorm, piFactor);
    const policyGradients = byName(policyGroup, policy.gradients);
    const policyStep = { stepSize: scalar('policyStepSize'), inverseCorrection, epsilon: policyEpsilon };
    optimise(policyGroup, current, policyGradients, piFactor, () => policyStep, after);

    for (const { name } of targetGroup) {
      const online = requireTensor(after, name.replace('_target_Qs', '_Qs'));
      after.set(name, movingAverage(requireTensor(current, name), online, scalar('tau')));
    }
    after.set(scaleName, tf.reshape(policy.scale, []));
    after.set(stalePolicyNormName, piNormClipped);

    const { teacher } = inputs;
    const steps = labelledSteps(settings.terms, settings.hyperparameters.horizon);
    const student = tf.slice(model.studentReward, 0, Math.max(steps, 1));
    const labels = teacher === undefined ? tf.zerosLike(student) : tf.slice(teacher, 0, Math.max(steps, 1));
    const metrics = tf.stack([
      model.consistencyLoss,
      model.rewardLoss,
      model.valueLoss,
      model.totalLoss,
      policy.piLoss,
      norm,
      tf.mul(norm, factor),
      tf.sqrt(fresh),
      piNorm,
      piNormClipped,
      requireTensor(after, scaleName),
      tf.mean(labels),
      tf.mean(student),
      tf.mean(tf.square(tf.sub(student, labels))),
      ...model.distillationLosses,
    ]);
    const outputs = new Map<string, tf.Tensor>([
      ['metrics', metrics],
      ['studentReward', model.studentReward],
    ]);
    if (settings.outputGradients === true) {
      for (const [name, gradient] of modelGradients) outputs.set(`model_grad_preclip.${name}`, gradient);
      for (const [name, gradient] of policyGradients) {
        outputs.set(`pi_grad_preclip.${name}`, gradient);
        outputs.set(`stale.${name}`, tf.mul(gradient, piFactor));
      }
    }
    return { state: after, outputs };
  }

  const moments = [...modelGroup, ...policyGroup].flatMap(({ name, group }) => Object.values(momentNames(group, name)));
  return {
    name: 'update',
    state: [...specifications.map(({ name }) => name), ...moments, scaleName, stalePolicyNormName],
    run,
  };
}
