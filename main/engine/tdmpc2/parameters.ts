import { type Architecture } from '../../../shared/architecture.ts';
import { elementCount, floatTensor, type FloatTensorMap } from '../../../shared/tensor.ts';
import { initialSite, normalsOf, symmetricUniforms } from './random.ts';

/** The nets whose layers are named `<net>.<layer>.weight`; the Q ensembles are stacked under `<net>.params.<number>`. */
export const nets = ['_encoder.state', '_dynamics', '_reward', '_pi', '_Qs', '_target_Qs'] as const;
export type Net = (typeof nets)[number];

/** Who moves a parameter: Adam at the encoder's rate, Adam at the model's, the policy's Adam, or the target average. */
export type ParameterGroup = 'encoder' | 'model' | 'policy' | 'target';

export interface ParameterSpecification {
  name: string;
  shape: number[];
  group: ParameterGroup;
  initial: 'normal' | 'uniform' | 'zeros' | 'ones';
}

export interface LayerNames {
  weight: string;
  bias: string;
  gain: string;
  shift: string;
}

export const taskEmbedding = '_task_emb.weight';

/** Whether a net is a stack of Qs, with a models axis in front. */
export function isEnsemble(net: Net): boolean {
  return net === '_Qs' || net === '_target_Qs';
}

/** The names of one layer; the last linear of a net without normalisation has no gain and shift. */
export function layerNames(net: Net, layer: number): LayerNames {
  if (isEnsemble(net)) {
    const name = (part: number) => `${net}.params.${4 * layer + part}`;
    return { weight: name(0), bias: name(1), gain: name(2), shift: name(3) };
  }
  const prefix = `${net}.${layer}`;
  return {
    weight: `${prefix}.weight`,
    bias: `${prefix}.bias`,
    gain: `${prefix}.ln.weight`,
    shift: `${prefix}.ln.bias`,
  };
}

export interface NetShape {
  /** Features in, hidden ones, and out. */
  dims: number[];
  group: ParameterGroup;
  /** Whether the last layer is normalised too (and ends in SimNorm). */
  lastNorm: boolean;
  /** Whether the official initialisation sets the last weight to zero. */
  lastZero: boolean;
}

/** The layers of a net, as the official `mlp` and `enc` build them. */
export function netShape(net: Net, architecture: Architecture): NetShape {
  const { encDim, mlpDim, latentDim, numEncLayers, taskDim, numBins, obsDim, actionDim } = architecture;
  const hidden = [mlpDim, mlpDim];
  const latentAction = latentDim + actionDim + taskDim;
  switch (net) {
    case '_encoder.state': {
      const encoderHidden = Array.from({ length: Math.max(numEncLayers - 1, 1) }, () => encDim);
      return {
        dims: [obsDim + taskDim, ...encoderHidden, latentDim],
        group: 'encoder',
        lastNorm: true,
        lastZero: false,
      };
    }
    case '_dynamics':
      return { dims: [latentAction, ...hidden, latentDim], group: 'model', lastNorm: true, lastZero: false };
    case '_reward':
      return { dims: [latentAction, ...hidden, numBins], group: 'model', lastNorm: false, lastZero: true };
    case '_pi':
      return {
        dims: [latentDim + taskDim, ...hidden, 2 * actionDim],
        group: 'policy',
        lastNorm: false,
        lastZero: false,
      };
    case '_Qs':
      return { dims: [latentAction, ...hidden, numBins], group: 'model', lastNorm: false, lastZero: true };
    case '_target_Qs':
      return { dims: [latentAction, ...hidden, numBins], group: 'target', lastNorm: false, lastZero: true };
  }
}

function netSpecifications(net: Net, architecture: Architecture): ParameterSpecification[] {
  const { dims, group, lastNorm, lastZero } = netShape(net, architecture);
  const lead = isEnsemble(net) ? [architecture.numQ] : [];
  return dims.slice(1).flatMap((outputs, layer): ParameterSpecification[] => {
    const names = layerNames(net, layer);
    const last = layer === dims.length - 2;
    const linear: ParameterSpecification[] = [
      {
        name: names.weight,
        shape: [...lead, outputs, dims[layer] ?? 0],
        group,
        initial: last && lastZero ? 'zeros' : 'normal',
      },
      { name: names.bias, shape: [...lead, outputs], group, initial: 'zeros' },
    ];
    if (last && !lastNorm) return linear;
    return [
      ...linear,
      { name: names.gain, shape: [...lead, outputs], group, initial: 'ones' },
      { name: names.shift, shape: [...lead, outputs], group, initial: 'zeros' },
    ];
  });
}

/** Every stored parameter in the order of an official checkpoint (reference/sizes.md). */
export function parameterSpecifications(architecture: Architecture): ParameterSpecification[] {
  const { numTasks, taskDim } = architecture;
  const embedding: ParameterSpecification[] =
    taskDim === 0 ? [] : [{ name: taskEmbedding, shape: [numTasks, taskDim], group: 'model', initial: 'uniform' }];
  return [...embedding, ...nets.flatMap((net) => netSpecifications(net, architecture))];
}

/**
 * A fresh model by the official initialisation: linear weights normal with deviation 0.02 (the truncation at 2 is a hundred
 * deviations away), embeddings uniform in +-0.02, zero biases and last layers, target Qs equal to the Qs. Every parameter draws
 * from its own stream of `seed`.
 */
export function initialParameters(architecture: Architecture, seed: number): FloatTensorMap {
  const parameters: FloatTensorMap = new Map();
  parameterSpecifications(architecture).forEach(({ name, shape, initial, group }, index) => {
    const count = elementCount(shape);
    if (group === 'target') {
      const online = parameters.get(name.replace('_target_Qs', '_Qs'));
      parameters.set(name, floatTensor(shape, online?.data.slice()));
    } else if (initial === 'normal')
      parameters.set(name, floatTensor(shape, scaled(normalsOf(seed, index, initialSite, count), 0.02)));
    else if (initial === 'uniform')
      parameters.set(name, floatTensor(shape, scaled(symmetricUniforms(seed, index, initialSite, count), 0.02)));
    else parameters.set(name, floatTensor(shape, new Float32Array(count).fill(initial === 'ones' ? 1 : 0)));
  });
  return parameters;
}

function scaled(values: Float32Array, factor: number): Float32Array {
  return values.map((value) => value * factor);
}

export interface ParameterCounts {
  /** What the official code reports: online Qs and task embedding included, target Qs not. */
  trainable: number;
  targetQs: number;
  /** What a checkpoint holds. */
  stored: number;
  /** What a teacher needs to serve rewards: encoder, reward head, task embedding. */
  rewardTeacher: number;
  byNet: Record<Net, number>;
  taskEmbedding: number;
}

/** Numbers of parameters, as reference/sizes.md counts them. */
export function parameterCounts(architecture: Architecture): ParameterCounts {
  const specifications = parameterSpecifications(architecture);
  const countWhere = (prefix: string) =>
    specifications
      .filter(({ name }) => name.startsWith(prefix))
      .reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const byNet: Record<Net, number> = {
    '_encoder.state': countWhere('_encoder.state.'),
    _dynamics: countWhere('_dynamics.'),
    _reward: countWhere('_reward.'),
    _pi: countWhere('_pi.'),
    _Qs: countWhere('_Qs.'),
    _target_Qs: countWhere('_target_Qs.'),
  };
  const embedding = countWhere(taskEmbedding);
  const stored = countWhere('');
  return {
    stored,
    targetQs: byNet._target_Qs,
    trainable: stored - byNet._target_Qs,
    rewardTeacher: byNet['_encoder.state'] + byNet._reward + embedding,
    byNet,
    taskEmbedding: embedding,
  };
}
