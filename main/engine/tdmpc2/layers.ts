import * as tf from '@tensorflow/tfjs';
import { timesTranspose, timesTransposeShared, TransposeCache, transposeTimes } from '../compute/matrix.ts';
import { select } from '../compute/wasmKernels.ts';
import { withGradient } from './gradients.ts';

/**
 * Parameters by their official names, as one phase of a program sees them: their values do not change while it lasts.
 * A frozen view gives no gradients to parameters, only to inputs.
 */
export class Weights {
  readonly frozen: boolean;
  readonly transposes: TransposeCache;
  readonly #tensors: ReadonlyMap<string, tf.Tensor>;

  constructor(tensors: ReadonlyMap<string, tf.Tensor>, frozen = false, transposes = new TransposeCache()) {
    this.#tensors = tensors;
    this.frozen = frozen;
    this.transposes = transposes;
  }

  get(name: string): tf.Tensor {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) throw new RangeError(`no parameter ${name}`);
    return tensor;
  }

  /** The members `pair` of an ensemble's parameter, gathered once. */
  pick(name: string, pair: tf.Tensor): tf.Tensor {
    return this.transposes.selection(this.get(name), pair);
  }

  freeze(): Weights {
    return new Weights(this.#tensors, true, this.transposes);
  }

  /** The same with some parameters replaced. */
  with(replaced: Iterable<readonly [string, tf.Tensor]>): Weights {
    return new Weights(new Map([...this.#tensors, ...replaced]), this.frozen, this.transposes);
  }

  /** Frees the transposes, of all views. */
  dispose(): void {
    this.transposes.dispose();
  }
}

export interface LinearParameters {
  weight: tf.Tensor;
  bias: tf.Tensor;
}

export interface NormParameters {
  gain: tf.Tensor;
  shift: tf.Tensor;
}

/**
 * The input is needed for the gradient of the weights alone, and saving copies: a frozen layer saves something small instead.
 * Weights outlive the gradient, so they are not saved.
 */
function savedInput(x: tf.Tensor, bias: tf.Tensor, frozen: boolean): { x: tf.Tensor } {
  return { x: frozen ? bias : x };
}

/** x [rows, in], weight [out, in], bias [out]: [rows, out]. */
function linearOfOne(x: tf.Tensor, { weight, bias }: LinearParameters, weights: Weights): tf.Tensor {
  const { frozen } = weights;
  return withGradient(
    frozen ? [x] : [x, weight, bias],
    () => {
      const value = tf.add(timesTranspose(x, weight, weights.transposes), bias);
      return { value, saved: savedInput(x, bias, frozen) };
    },
    (dy, { x }) => {
      const dx = tf.matMul(dy, weight);
      return frozen ? [dx] : [dx, transposeTimes(dy, x), tf.sum(dy, 0)];
    },
  );
}

/** One input for all models: x [rows, in], weight [models, out, in], bias [models, out]: [models, rows, out]. */
function linearShared(x: tf.Tensor, { weight, bias }: LinearParameters, { frozen }: Weights): tf.Tensor {
  const [models = 0, outputs = 0, inputs = 0] = weight.shape;
  const [rows = 0] = x.shape;
  return withGradient(
    frozen ? [x] : [x, weight, bias],
    () => {
      const value = tf.add(timesTransposeShared(x, weight), tf.expandDims(bias, 1));
      return { value, saved: savedInput(x, bias, frozen) };
    },
    (dy, { x }) => {
      const columns = tf.reshape(tf.transpose(dy, [1, 0, 2]), [rows, models * outputs]);
      const dx = tf.matMul(columns, tf.reshape(weight, [models * outputs, inputs]));
      if (frozen) return [dx];
      const byFeature = tf.transpose(dy, [0, 2, 1]);
      const dWeight = tf.matMul(tf.reshape(byFeature, [models * outputs, rows]), x);
      return [dx, tf.reshape(dWeight, [models, outputs, inputs]), tf.sum(byFeature, -1)];
    },
  );
}

/** Model `index` of a tensor with a models axis in front, without a gradient. */
function modelOf(tensor: tf.Tensor, index: number): tf.Tensor {
  return tf.reshape(select(tensor, tf.tensor1d([index], 'int32')), tensor.shape.slice(1));
}

/** An input for each model: x [models, rows, in], weight [models, out, in], bias [models, out]: [models, rows, out]. */
function linearEach(x: tf.Tensor, { weight, bias }: LinearParameters, { frozen }: Weights): tf.Tensor {
  const models = Array.from({ length: weight.shape[0] }, (_, index) => index);
  const once = new TransposeOnce();
  return withGradient(
    frozen ? [x] : [x, weight, bias],
    () => {
      const products = models.map((model) => timesTranspose(modelOf(x, model), modelOf(weight, model), once));
      const value = tf.add(tf.stack(products), tf.expandDims(bias, 1));
      return { value, saved: savedInput(x, bias, frozen) };
    },
    (dy, { x }) => {
      const dx = tf.stack(models.map((model) => tf.matMul(modelOf(dy, model), modelOf(weight, model))));
      if (frozen) return [dx];
      const dWeight = tf.stack(models.map((model) => transposeTimes(modelOf(dy, model), modelOf(x, model))));
      return [dx, dWeight, tf.sum(dy, 1)];
    },
  );
}

/** Slices of a stacked weight live as long as the operation: their transposes belong to its tidy. */
class TransposeOnce extends TransposeCache {
  override of(weight: tf.Tensor): tf.Tensor {
    return tf.transpose(weight);
  }
}

/**
 * y = x W^T + b. A weight with a models axis [models, out, in] takes one input for all models or one for each; further leading
 * axes of x are batch axes.
 * @returns [..., out] without a models axis, [models, ..., out] with one.
 */
export function linear(x: tf.Tensor, parameters: LinearParameters, weights: Weights): tf.Tensor {
  const inputs = x.shape.at(-1) ?? 0;
  const outputs = parameters.bias.shape.at(-1) ?? 0;
  const ensemble = parameters.weight.shape.length === 3;
  const count = parameters.weight.shape[0];
  if (!ensemble) {
    const y = linearOfOne(tf.reshape(x, [-1, inputs]), parameters, weights);
    return tf.reshape(y, [...x.shape.slice(0, -1), outputs]);
  }
  return tf.reshape(linearShared(tf.reshape(x, [-1, inputs]), parameters, weights), [
    count,
    ...x.shape.slice(0, -1),
    outputs,
  ]);
}

/** As `linear`, where x [models, ..., in] has the models axis already. */
export function linearOfModels(x: tf.Tensor, parameters: LinearParameters, weights: Weights): tf.Tensor {
  const inputs = x.shape.at(-1) ?? 0;
  const outputs = parameters.bias.shape.at(-1) ?? 0;
  const y = linearEach(tf.reshape(x, [x.shape[0], -1, inputs]), parameters, weights);
  return tf.reshape(y, [...x.shape.slice(0, -1), outputs]);
}

/** A per-feature parameter [n] or [models, n], so that it broadcasts over x [models, ..., n]. */
function perFeature(parameter: tf.Tensor, x: tf.Tensor): tf.Tensor {
  if (parameter.shape.length === 1) return parameter;
  const [count = 0, features = 0] = parameter.shape;
  return tf.reshape(parameter, [count, ...x.shape.slice(1, -1).map(() => 1), features]);
}

/** The axes that a per-feature parameter does not have. */
function batchAxes(parameter: tf.Tensor, x: tf.Tensor): number[] {
  const first = parameter.shape.length - 1;
  return Array.from({ length: x.shape.length - 1 - first }, (_, index) => first + index);
}

const layerNormEpsilon = 1e-5;

interface Normalised {
  normal: tf.Tensor;
  inverseDeviation: tf.Tensor;
  y: tf.Tensor;
}

function normalise(x: tf.Tensor, gain: tf.Tensor, shift: tf.Tensor): Normalised {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const inverseDeviation = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), layerNormEpsilon));
  const normal = tf.mul(centred, inverseDeviation);
  return { normal, inverseDeviation, y: tf.add(tf.mul(normal, gain), shift) };
}

/** What the gradients of a layer norm need; the gain broadcasts over the input already. */
interface SavedNorm {
  normal: tf.Tensor;
  inverseDeviation: tf.Tensor;
  gain: tf.Tensor;
}

/** The gradients of a layer norm, of the input and, unless frozen, of gain and shift, which lack the axes `axes`. */
function normGradients(dy: tf.Tensor, saved: SavedNorm, axes: number[], frozen: boolean): [tf.Tensor, ...tf.Tensor[]] {
  const { normal, inverseDeviation, gain } = saved;
  const dNormal = tf.mul(dy, gain);
  const along = tf.mul(normal, tf.mean(tf.mul(dNormal, normal), -1, true));
  const dx = tf.mul(inverseDeviation, tf.sub(tf.sub(dNormal, tf.mean(dNormal, -1, true)), along));
  return frozen ? [dx] : [dx, tf.sum(tf.mul(dy, normal), axes), tf.sum(dy, axes)];
}

/** LayerNorm over the last axis, epsilon 1e-5. */
export function layerNorm(x: tf.Tensor, parameters: NormParameters, frozen: boolean): tf.Tensor {
  const axes = batchAxes(parameters.gain, x);
  return withGradient(
    frozen ? [x] : [x, parameters.gain, parameters.shift],
    () => {
      const gain = perFeature(parameters.gain, x);
      const { normal, inverseDeviation, y } = normalise(x, gain, perFeature(parameters.shift, x));
      return { value: y, saved: { normal, inverseDeviation, gain } };
    },
    (dy, saved) => normGradients(dy, saved, axes, frozen),
  );
}

/** Beyond this Mish is the identity in float32, and the exponential still finite. */
const mishLimit = 20;

/**
 * Dropout, LayerNorm and Mish in one operation.
 * @param keep of x's shape: 0 where a feature is dropped, otherwise 1 / (1 - probability).
 */
export function normMish(x: tf.Tensor, parameters: NormParameters, frozen: boolean, keep?: tf.Tensor): tf.Tensor {
  const axes = batchAxes(parameters.gain, x);
  return withGradient(
    frozen ? [x] : [x, parameters.gain, parameters.shift],
    () => {
      const input = keep === undefined ? x : tf.mul(x, keep);
      const gain = perFeature(parameters.gain, x);
      const { normal, inverseDeviation, y } = normalise(input, gain, perFeature(parameters.shift, x));
      // With e = exp(y): tanh(softplus(y)) = n / (n + 2) where n = e (e + 2).
      const e = tf.exp(tf.minimum(y, mishLimit));
      const n = tf.mul(e, tf.add(e, 2));
      const denominator = tf.add(n, 2);
      const t = tf.div(n, denominator);
      const saved = { normal, inverseDeviation, gain, y, e, denominator, t, keep: keep ?? gain };
      return { value: tf.mul(y, t), saved };
    },
    (dOut, saved) => {
      const { y, e, denominator, t } = saved;
      const slope = tf.div(tf.mul(tf.mul(4, e), tf.add(e, 1)), tf.square(denominator));
      const dy = tf.mul(dOut, tf.add(t, tf.mul(y, slope)));
      const [dInput, ...rest] = normGradients(dy, saved, axes, frozen);
      return [keep === undefined ? dInput : tf.mul(dInput, saved.keep), ...rest];
    },
  );
}

/** Softmax over consecutive groups of `simnormDim` features. */
export function simNorm(x: tf.Tensor, simnormDim: number): tf.Tensor {
  const features = x.shape.at(-1) ?? 0;
  const grouped = tf.reshape(x, [...x.shape.slice(0, -1), features / simnormDim, simnormDim]);
  return tf.reshape(
    withGradient(
      [grouped],
      () => {
        const y = tf.softmax(grouped);
        return { value: y, saved: { y } };
      },
      (dy, { y }) => {
        const weighted = tf.mul(dy, y);
        return [tf.sub(weighted, tf.mul(y, tf.sum(weighted, -1, true)))];
      },
    ),
    x.shape,
  );
}
