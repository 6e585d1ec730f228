import type { Architecture } from './architecture.ts';
import type { BenchmarkWork } from './device.ts';

/** Multiplications and additions of the matrix products of one row through linear layers of these widths. */
function chain(...widths: number[]): number {
  return widths.slice(1).reduce((sum, width, index) => sum + 2 * width * (widths[index] ?? 0), 0);
}

interface NetOperations {
  encoder: number;
  dynamics: number;
  reward: number;
  policy: number;
  /** Its first layer alone. */
  policyInput: number;
  /** One Q of the ensemble. */
  q: number;
}

/** Operations of one row, forwards, by net. */
export function netOperations(architecture: Architecture): NetOperations {
  const { encDim, mlpDim, latentDim, numEncLayers, taskDim, numBins, obsDim, actionDim } = architecture;
  const hidden = Array.from({ length: Math.max(numEncLayers - 1, 1) }, () => encDim);
  const latentAction = latentDim + actionDim + taskDim;
  return {
    encoder: chain(obsDim + taskDim, ...hidden, latentDim),
    dynamics: chain(latentAction, mlpDim, mlpDim, latentDim),
    reward: chain(latentAction, mlpDim, mlpDim, numBins),
    policy: chain(latentDim + taskDim, mlpDim, mlpDim, 2 * actionDim),
    policyInput: chain(latentDim + taskDim, mlpDim),
    q: chain(latentAction, mlpDim, mlpDim, numBins),
  };
}

/** A gradient costs two products for each one forwards: by the input and by the weight. */
const withGradient = 3;
const withInputGradient = 2;

/** Floating-point operations of the matrix products of one official update with so many sequences. */
export function updateOperations(architecture: Architecture, batchSize: number, horizon = 3): number {
  const { encoder, dynamics, reward, policy, policyInput, q } = netOperations(architecture);
  const steps = horizon * batchSize;
  const latents = (horizon + 1) * batchSize;
  const ensemble = architecture.numQ * q;
  // Targets and the policy ask two Qs of the ensemble.
  const pair = 2 * q;
  return (
    // The next latents and their targets, without gradients.
    steps * (encoder + policy + pair) +
    // The losses of the model.
    batchSize * withGradient * encoder +
    steps * withGradient * (dynamics + reward + ensemble) +
    // The policy's loss goes through the Qs, whose weights it leaves alone; the policy's own input is constant there.
    latents * (withGradient * policy - policyInput + withInputGradient * pair)
  );
}

/** Of the rewards that a teacher predicts for so many rows. */
export function labelOperations(architecture: Architecture, rows: number): number {
  const { encoder, reward } = netOperations(architecture);
  return rows * (encoder + reward);
}

/** The official planner: 6 iterations of 512 samples of 3 steps, 24 of them by the policy. */
const plan = { iterations: 6, samples: 512, policySamples: 24, horizon: 3 };

/** Of one MPPI plan. */
export function planOperations(architecture: Architecture): number {
  const { encoder, dynamics, reward, policy, q } = netOperations(architecture);
  const { iterations, samples, policySamples, horizon } = plan;
  const guided = policySamples * (horizon * policy + (horizon - 1) * dynamics);
  const valued = samples * (horizon * (dynamics + reward) + policy + 2 * q);
  return encoder + guided + iterations * valued;
}

/** Of one step of a piece of work: what a measured time is scaled by. */
export function operationsOf(work: BenchmarkWork, architecture: Architecture, batchSize: number): number {
  if (work === 'update') return updateOperations(architecture, batchSize);
  return work === 'label' ? labelOperations(architecture, batchSize) : planOperations(architecture);
}
