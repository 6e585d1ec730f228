import * as tf from '@tensorflow/tfjs';
import { type Architecture } from '../../../shared/architecture.ts';
import { withGradient } from './gradients.ts';
import { linear, linearOfModels } from './linear.ts';
import { isEnsemble, layerNames, type Net, netShape } from './parameters.ts';
import { type Weights } from './weights.ts';

export interface NormParameters {
  gain: tf.Tensor;
  shift: tf.Tensor;
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
function layerNorm(x: tf.Tensor, parameters: NormParameters, frozen: boolean): tf.Tensor {
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
function normMish(x: tf.Tensor, parameters: NormParameters, frozen: boolean, keep?: tf.Tensor): tf.Tensor {
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
function simNorm(x: tf.Tensor, simnormDim: number): tf.Tensor {
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

/** Receives the output of each layer. */
export type LayerObserver = (net: Net, layer: number, output: tf.Tensor) => void;

export interface MlpOptions {
  /** Mask of the first layer of a Q, as `normMish` takes it. */
  keep?: tf.Tensor | undefined;
  observe?: LayerObserver | undefined;
  /** The pair of Qs that is computed; all without it. int32 [2]. */
  pair?: tf.Tensor | undefined;
}

/** A whole net applied to x [rows, in], the official `mlp`: [rows, out], or [models, rows, out] for an ensemble. */
export function mlp(
  architecture: Architecture,
  weights: Weights,
  net: Net,
  x: tf.Tensor,
  options: MlpOptions = {},
): tf.Tensor {
  const { dims, lastNorm } = netShape(net, architecture);
  const last = dims.length - 2;
  const { pair } = options;
  const parameter = (name: string) => (pair === undefined ? weights.get(name) : weights.pick(name, pair));
  let y = x;
  for (let layer = 0; layer <= last; layer++) {
    const names = layerNames(net, layer);
    const parameters = { weight: parameter(names.weight), bias: parameter(names.bias) };
    y = isEnsemble(net) && layer > 0 ? linearOfModels(y, parameters, weights) : linear(y, parameters, weights);
    if (layer < last || lastNorm) {
      const norm = { gain: parameter(names.gain), shift: parameter(names.shift) };
      if (layer < last) y = normMish(y, norm, weights.frozen, layer === 0 ? options.keep : undefined);
      else y = simNorm(layerNorm(y, norm, weights.frozen), architecture.simnormDim);
    }
    options.observe?.(net, layer, y);
  }
  return y;
}
