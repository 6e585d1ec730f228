import { type Architecture } from '../../shared/architecture.ts';
import { type Net, netShape } from '../../main/engine/tdmpc2/parameters.ts';

/** One matrix product: [rows, inputs] times [inputs, outputs]. */
export interface Product {
  rows: number;
  inputs: number;
  outputs: number;
}

/** A net applied to some rows, and what of it is differentiated. */
export interface Application {
  net: Net;
  rows: number;
  /** Times this is done, e.g. once for each Q. */
  times: number;
  /** None; of the input alone (frozen weights); of the weights alone as far as the input is constant; of both. */
  gradient: 'none' | 'input' | 'weights' | 'both';
}

/** The products of one layer in one direction, forward or either gradient: all have the same number of operations. */
export function productsOf(architecture: Architecture, { net, rows, gradient }: Application): Product[] {
  const { dims } = netShape(net, architecture);
  return dims.slice(1).flatMap((outputs, layer) => {
    const product = { rows, inputs: dims[layer] ?? 0, outputs };
    const ofInput = gradient === 'input' || gradient === 'both' || (gradient === 'weights' && layer > 0);
    const ofWeights = gradient === 'weights' || gradient === 'both';
    return [product, ...(ofInput ? [product] : []), ...(ofWeights ? [product] : [])];
  });
}

/** Operations of all matrix products, a multiplication and an addition counted as two. */
export function matrixOperations(architecture: Architecture, applications: readonly Application[]): number {
  return applications.reduce((total, application) => {
    const once = productsOf(architecture, application).reduce(
      (sum, { rows, inputs, outputs }) => sum + 2 * rows * inputs * outputs,
      0,
    );
    return total + application.times * once;
  }, 0);
}

/** Every use of a net in one update of `batch` rows and `horizon` steps. */
export function updateApplications({ numQ }: Architecture, batch: number, horizon: number): Application[] {
  const rows = horizon * batch;
  const policyRows = (horizon + 1) * batch;
  return [
    // TD targets: of the target Qs two are drawn.
    { net: '_encoder.state', rows, times: 1, gradient: 'none' },
    { net: '_pi', rows, times: 1, gradient: 'none' },
    { net: '_target_Qs', rows, times: 2, gradient: 'none' },
    // The first observation carries the task embedding, which learns: its input has a gradient too.
    { net: '_encoder.state', rows: batch, times: 1, gradient: 'both' },
    { net: '_dynamics', rows: batch, times: horizon, gradient: 'both' },
    { net: '_reward', rows, times: 1, gradient: 'both' },
    { net: '_Qs', rows, times: numQ, gradient: 'both' },
    { net: '_pi', rows: policyRows, times: 1, gradient: 'weights' },
    { net: '_Qs', rows: policyRows, times: 2, gradient: 'input' },
  ];
}

/** Floating-point operations of the matrix products of one update. */
export function updateOperations(architecture: Architecture, batch: number, horizon = 3): number {
  return matrixOperations(architecture, updateApplications(architecture, batch, horizon));
}

/** What an MPPI plan's cost depends on. */
export interface PlanSize {
  horizon: number;
  iterations: number;
  numSamples: number;
  numPiTrajs: number;
}

/** The same of one MPPI plan. */
export function planOperations(architecture: Architecture, planner: PlanSize): number {
  const { horizon, iterations, numSamples, numPiTrajs } = planner;
  const forward = (net: Net, rows: number, times: number): Application => ({ net, rows, times, gradient: 'none' });
  return matrixOperations(architecture, [
    forward('_encoder.state', 1, 1),
    forward('_pi', numPiTrajs, horizon),
    forward('_dynamics', numPiTrajs, horizon - 1),
    forward('_reward', numSamples, horizon * iterations),
    forward('_dynamics', numSamples, horizon * iterations),
    forward('_pi', numSamples, iterations),
    forward('_Qs', numSamples, 2 * iterations),
  ]);
}

/** The same of one row's teacher reward. */
export function labelOperations(architecture: Architecture): number {
  const forward = (net: Net): Application => ({ net, rows: 1, times: 1, gradient: 'none' });
  return matrixOperations(architecture, [forward('_encoder.state'), forward('_reward')]);
}
