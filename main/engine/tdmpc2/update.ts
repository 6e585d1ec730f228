import * as tf from '@tensorflow/tfjs';
import { type Program } from '../compute/program.ts';
import { allMomentNames, scaleName, stalePolicyNormName } from './agentState.ts';
import { checkTerms, labelledSteps } from './distill.ts';
import { type ModelLosses, modelLosses } from './modelLosses.ts';
import { adamOfAll, clipFactor, modelEpsilon, movingAverage, policyEpsilon, squaredNorm } from './optimiser.ts';
import { type ParameterGroup, type ParameterSpecification, parameterSpecifications } from './parameters.ts';
import { policyLoss } from './policyLoss.ts';
import { type UpdateSettings } from './settings.ts';
import { type NamedTensors, requireTensor } from './tensors.ts';
import { updateInputs } from './updateBatch.ts';
import { type UpdateMetricName, updateMetricNames } from './updateMetrics.ts';
import { type ScalarOf, scalarOf } from './updateScalars.ts';
import { Weights } from './weights.ts';
import { renormalised } from './worldModel.ts';

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
  const { architecture, corrections } = settings;
  const specifications = parameterSpecifications(architecture);
  const inGroups = (...groups: ParameterGroup[]) => specifications.filter(({ group }) => groups.includes(group));
  const modelGroup = inGroups('encoder', 'model');
  const policyGroup = inGroups('policy');
  const targetGroup = inGroups('target');

  function run(state: NamedTensors, batch: NamedTensors, scalars: NamedTensors) {
    const scalar = scalarOf(scalars);
    const inputs = updateInputs(batch, settings);
    const before = renormalised(state, inputs.task);

    const weights = new Weights(before);
    const model = modelLosses(settings, weights, inputs, scalar, tensorsOf(modelGroup, before));
    weights.dispose();
    const modelGradients = byName(modelGroup, model.gradients);
    const fresh = squaredNorm(model.gradients);
    const stale = tf.square(requireTensor(state, stalePolicyNormName));
    const norm = tf.sqrt(corrections.clipWithoutStalePolicy ? fresh : tf.add(fresh, stale));
    const factor = clipFactor(norm, scalar('gradClipNorm'));
    const modelAfter = adamOfAll(modelGroup, before, modelGradients, factor, modelAdam(scalar));
    const after = renormalised(new Map([...before, ...modelAfter]), inputs.task);

    const updated = new Weights(after);
    const scale = requireTensor(state, scaleName);
    const policy = policyLoss(settings, updated, model.zs, inputs, scalar, scale, tensorsOf(policyGroup, after));
    updated.dispose();
    const policyGradients = byName(policyGroup, policy.gradients);
    const piNorm = tf.sqrt(squaredNorm(policy.gradients));
    const piFactor = clipFactor(piNorm, scalar('gradClipNorm'));
    const piNormClipped = tf.mul(piNorm, piFactor);
    const policyAfter = adamOfAll(policyGroup, before, policyGradients, piFactor, policyAdam(scalar));
    for (const [name, tensor] of policyAfter) after.set(name, tensor);

    for (const { name } of targetGroup) {
      const online = requireTensor(after, name.replace('_target_Qs', '_Qs'));
      after.set(name, movingAverage(requireTensor(before, name), online, scalar('tau')));
    }
    const newScale = tf.reshape(policy.scale, []);
    after.set(scaleName, newScale);
    after.set(stalePolicyNormName, piNormClipped);

    const metrics: Record<UpdateMetricName, tf.Tensor> = {
      consistencyLoss: model.consistencyLoss,
      rewardLoss: model.rewardLoss,
      valueLoss: model.valueLoss,
      totalLoss: model.totalLoss,
      piLoss: policy.piLoss,
      modelGradNorm: norm,
      modelGradNormClipped: tf.mul(norm, factor),
      modelGradNormFresh: tf.sqrt(fresh),
      piGradNorm: piNorm,
      piGradNormClipped: piNormClipped,
      scale: newScale,
      ...rewardMetrics(settings, model, inputs.teacher),
    };
    const outputs = new Map<string, tf.Tensor>([
      ['metrics', tf.stack([...updateMetricNames.map((name) => metrics[name]), ...model.distillationLosses])],
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

  return {
    name: 'update',
    state: [...specifications.map(({ name }) => name), ...allMomentNames(architecture), scaleName, stalePolicyNormName],
    run,
  };
}

function modelAdam(scalar: ScalarOf) {
  return (group: ParameterGroup) => ({
    stepSize: scalar(group === 'encoder' ? 'encoderStepSize' : 'modelStepSize'),
    inverseCorrection: scalar('inverseCorrection'),
    epsilon: modelEpsilon,
  });
}

function policyAdam(scalar: ScalarOf) {
  return () => ({
    stepSize: scalar('policyStepSize'),
    inverseCorrection: scalar('inverseCorrection'),
    epsilon: policyEpsilon,
  });
}

/** How the student's rewards compare with the teacher's, over the steps that have labels. */
function rewardMetrics(settings: UpdateSettings, model: ModelLosses, teacher: tf.Tensor | undefined) {
  const steps = Math.max(labelledSteps(settings.terms, settings.hyperparameters.horizon), 1);
  const student = tf.slice(model.studentReward, 0, steps);
  const labels = teacher === undefined ? tf.zerosLike(student) : tf.slice(teacher, 0, steps);
  return {
    meanTeacherReward: tf.mean(labels),
    meanStudentReward: tf.mean(student),
    teacherStudentMse: tf.mean(tf.square(tf.sub(student, labels))),
  };
}

function tensorsOf(specifications: readonly ParameterSpecification[], tensors: NamedTensors): tf.Tensor[] {
  return specifications.map(({ name }) => requireTensor(tensors, name));
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
