import {
  architectureOfSize,
  modelSizes,
  sizeOfArchitecture,
  type Architecture,
  type ModelSize,
} from '../../../shared/architecture.ts';
import { DecantError } from '../../../shared/errors.ts';
import { elementCount } from '../../../shared/tensor.ts';

export type Shapes = ReadonlyMap<string, readonly number[]>;

/** An MLP's tensors; layers with LayerNorm have all four, a plain last one two. */
function* layers(
  name: (layer: number, part: 'weight' | 'bias' | 'ln.weight' | 'ln.bias') => string,
  widths: readonly number[],
  normedLast: boolean,
  models: readonly number[] = [],
): Generator<[string, number[]]> {
  for (const [layer, width] of widths.slice(1).entries()) {
    yield [name(layer, 'weight'), [...models, width, widths[layer] ?? 0]];
    yield [name(layer, 'bias'), [...models, width]];
    if (layer === widths.length - 2 && !normedLast) continue;
    yield [name(layer, 'ln.weight'), [...models, width]];
    yield [name(layer, 'ln.bias'), [...models, width]];
  }
}

/** Every tensor of a td-mpc-opt state dict of this architecture, in its order, with its shape. */
export function officialShapes(architecture: Architecture): Map<string, number[]> {
  const { encDim, mlpDim, latentDim, numEncLayers, numQ, taskDim, numBins, numTasks, obsDim, actionDim } = architecture;
  const hidden = new Array<number>(Math.max(numEncLayers - 1, 1)).fill(encDim);
  const joint = latentDim + actionDim + taskDim;
  const plain = (module: string) => (layer: number, part: string) => `${module}.${layer}.${part}`;
  const stacked = (module: string) => (layer: number, part: string) =>
    `${module}.params.${4 * layer + ['weight', 'bias', 'ln.weight', 'ln.bias'].indexOf(part)}`;
  return new Map([
    ['_task_emb.weight', [numTasks, taskDim]],
    ...layers(plain('_encoder.state'), [obsDim + taskDim, ...hidden, latentDim], true),
    ...layers(plain('_dynamics'), [joint, mlpDim, mlpDim, latentDim], true),
    ...layers(plain('_reward'), [joint, mlpDim, mlpDim, numBins], false),
    ...layers(plain('_pi'), [latentDim + taskDim, mlpDim, mlpDim, 2 * actionDim], false),
    ...layers(stacked('_Qs'), [joint, mlpDim, mlpDim, numBins], false, [numQ]),
    ...layers(stacked('_target_Qs'), [joint, mlpDim, mlpDim, numBins], false, [numQ]),
  ]);
}

function tidy(shape: readonly number[] | undefined): string {
  return shape === undefined ? 'absent' : `[${shape.join(', ')}]`;
}

/** Tensors that differ from the architecture's, in its order, then those that it does not have. */
function* differences(shapes: Shapes, architecture: Architecture): Generator<string> {
  const expected = officialShapes(architecture);
  for (const name of [...expected.keys(), ...[...shapes.keys()].filter((other) => !expected.has(other))])
    if (tidy(shapes.get(name)) !== tidy(expected.get(name))) yield name;
}

/** Dimensions as the first tensors tell them; those that they do not tell are taken from the 1M model. */
function readDimensions(shapes: Shapes): Architecture {
  const size = (name: string, axis: number): number | undefined => shapes.get(name)?.at(axis);
  const defaults = architectureOfSize(1);
  const encoderLayers = [...shapes.keys()].filter((name) => /^_encoder\.state\.\d+\.weight$/.test(name)).length;
  const taskDim = size('_task_emb.weight', 1) ?? 0;
  const latentDim = size(`_encoder.state.${encoderLayers - 1}.weight`, 0) ?? defaults.latentDim;
  return {
    ...defaults,
    numTasks: size('_task_emb.weight', 0) ?? defaults.numTasks,
    taskDim,
    encDim: size('_encoder.state.0.weight', 0) ?? defaults.encDim,
    obsDim: (size('_encoder.state.0.weight', 1) ?? 0) - taskDim,
    numEncLayers: Math.max(encoderLayers, 1),
    latentDim,
    mlpDim: size('_dynamics.0.weight', 0) ?? defaults.mlpDim,
    actionDim: (size('_dynamics.0.weight', 1) ?? 0) - latentDim - taskDim,
    numBins: size('_reward.2.weight', 0) ?? defaults.numBins,
    numQ: size('_Qs.params.0', 0) ?? defaults.numQ,
  };
}

function distance(shapes: Shapes, architecture: Architecture): number {
  const total = (values: Iterable<readonly number[]>): number =>
    [...values].reduce((sum, shape) => sum + elementCount(shape), 1);
  const ratio = Math.log(total(shapes.values()) / total(officialShapes(architecture).values()));
  return [...differences(shapes, architecture)].length + Math.abs(ratio);
}

function nearestSize(shapes: Shapes, numQ: number): ModelSize {
  const of = (size: ModelSize): number => distance(shapes, architectureOfSize(size, Math.max(numQ, 2)));
  return modelSizes.reduce((best, size) => (of(size) < of(best) ? size : best));
}

/**
 * The size that a net is apart from the environment it was made for: observations, actions and tasks may differ from
 * MT30's (such a checkpoint can be kept, but is no teacher of MT30 data); MT80 nets have their own task_dim and latents.
 */
function sizeOfNet(architecture: Architecture): ModelSize | undefined {
  const { obsDim, actionDim, numTasks } = architectureOfSize(1);
  if (architecture.numTasks === numTasks) return sizeOfArchitecture({ ...architecture, obsDim, actionDim });
  const compared = ['encDim', 'mlpDim', 'latentDim', 'numEncLayers', 'taskDim', 'numBins'] as const;
  return modelSizes.find((size) => {
    const row = architectureOfSize(size);
    const official = { ...row, taskDim: 96, latentDim: size === 19 ? 768 : row.latentDim };
    return compared.every((key) => official[key] === architecture[key]);
  });
}

/**
 * The architecture whose state dict has exactly these tensors (td-mpc-opt's names).
 * Errors: ARCHITECTURE_UNKNOWN, naming the first tensor that differs from the nearest official size.
 */
export function inferArchitecture(shapes: Shapes, file: string): Architecture {
  const architecture = readDimensions(shapes);
  const dimensionsFit = architecture.obsDim > 0 && architecture.actionDim > 0 && architecture.numQ >= 2;
  const [inconsistent] = dimensionsFit ? differences(shapes, architecture) : [undefined];
  if (dimensionsFit && inconsistent === undefined && sizeOfNet(architecture) !== undefined) return architecture;
  const size = nearestSize(shapes, architecture.numQ);
  const nearest = architectureOfSize(size, Math.max(architecture.numQ, 2));
  const [different] = differences(shapes, nearest);
  const name = different ?? inconsistent ?? '_task_emb.weight';
  throw new DecantError(
    'ARCHITECTURE_UNKNOWN',
    `${file}: tensor ${name} is ${tidy(shapes.get(name))} where the nearest size, ${size}M, has ${tidy(officialShapes(nearest).get(name))}`,
  );
}
