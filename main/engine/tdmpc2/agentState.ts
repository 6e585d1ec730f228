import { type Architecture } from '../../../shared/architecture.ts';
import { floatTensor, type FloatTensorMap, type TensorMap } from '../../../shared/tensor.ts';
import { type ParameterGroup, parameterSpecifications } from './parameters.ts';

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

/** Names of the state besides parameters and moments; both scalars. */
export const scaleName = 'scale';
export const stalePolicyNormName = 'stale_policy_norm';

/** The names of Adam's two moments of a parameter. */
export function momentNames(group: ParameterGroup, name: string): { avg: string; avgSq: string } {
  const optimiser = group === 'policy' ? 'pi_optim' : 'optim';
  return { avg: `${optimiser}.exp_avg.${name}`, avgSq: `${optimiser}.exp_avg_sq.${name}` };
}

/** The names of all moments: of every parameter that an optimiser moves. */
export function allMomentNames(architecture: Architecture): string[] {
  return parameterSpecifications(architecture)
    .filter(({ group }) => group !== 'target')
    .flatMap(({ name, group }) => Object.values(momentNames(group, name)));
}

/** A model that was not trained yet: fresh moments, scale 1. */
export function freshState(parameters: FloatTensorMap, architecture: Architecture): AgentState {
  const moments: FloatTensorMap = new Map();
  for (const { name, shape, group } of parameterSpecifications(architecture)) {
    if (group === 'target') continue;
    for (const moment of Object.values(momentNames(group, name))) moments.set(moment, floatTensor(shape));
  }
  return { parameters, moments, scale: 1, step: 0, stalePolicyNorm: 0 };
}

/** The state as the update program keeps it. Errors: RangeError for a parameter that is missing or of another shape. */
export function stateTensors(state: AgentState, architecture: Architecture): TensorMap {
  const all: TensorMap = new Map([...state.parameters, ...state.moments]);
  for (const { name, shape } of parameterSpecifications(architecture)) {
    const found = all.get(name)?.shape.join(', ');
    if (found !== shape.join(', '))
      throw new RangeError(`${name} should be [${shape.join(', ')}], not [${found ?? 'absent'}]`);
  }
  all.set(scaleName, floatTensor([], Float32Array.of(state.scale)));
  all.set(stalePolicyNormName, floatTensor([], Float32Array.of(state.stalePolicyNorm)));
  return all;
}

/** The state that the program's tensors hold after `step` updates. */
export function stateOf(tensors: TensorMap, architecture: Architecture, step: number): AgentState {
  const scalar = (name: string) => Number(tensors.get(name)?.data[0]);
  return {
    parameters: floats(
      tensors,
      parameterSpecifications(architecture).map(({ name }) => name),
    ),
    moments: floats(tensors, allMomentNames(architecture)),
    scale: scalar(scaleName),
    step,
    stalePolicyNorm: scalar(stalePolicyNormName),
  };
}

function floats(tensors: TensorMap, names: readonly string[]): FloatTensorMap {
  const result: FloatTensorMap = new Map();
  for (const name of names) {
    const tensor = tensors.get(name);
    if (!(tensor?.data instanceof Float32Array)) throw new Error(`the backend returned no ${name}`);
    result.set(name, floatTensor(tensor.shape, tensor.data));
  }
  return result;
}
