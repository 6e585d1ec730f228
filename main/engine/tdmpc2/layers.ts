import * as tf from '@tensorflow/tfjs';
import { type Architecture } from '../../../shared/architecture.ts';
import { withGradient } from './gradients.ts';
import { linear } from './linear.ts';
import { isEnsemble, layerNames, type Net, netShape } from './parameters.ts';
import { type Weights } from './weights.ts';

export interface NormParameters {
  gain: tf.Tensor;
  shift: tf.Tensor;
}

/** The axes that gain and shift do not have. */
function rowAxes(x: tf.Tensor): number[] {
  return x.shape.slice(0, -1).map((_, axis) => axis);
}

const layerNormEpsilon = 1e-5;

interface Normalised {
  normal: tf.Tensor;
  inverseDeviation: tf.Tensor;
  y: tf.Tensor;
}

function normalise(x: tf.Tensor, { gain, shift }: NormParameters, epsilon: number): Normalised {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const inverseDeviation = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon));
  const normal = tf.mul(centred, inverseDeviation);
  return { normal, inverseDeviation, y: tf.add(tf.mul(normal, gain), shift) };
}

/** What the gradients of a layer norm need. */
interface SavedNorm {
  normal: tf.Tensor;
  inverseDeviation: tf.Tensor;
  gain: tf.Tensor;
}

/** The gradients of a layer norm: of the input and, unless frozen, of gain and shift. */
function normGradients(dy: tf.Tensor, saved: SavedNorm, frozen: boolean): [tf.Tensor, ...tf.Tensor[]] {
  const { normal, inverseDeviation, gain } = saved;
  const dNormal = tf.mul(dy, gain);
  const along = tf.mul(normal, tf.mean(tf.mul(dNormal, normal), -1, true));
  const dx = tf.mul(inverseDeviation, tf.sub(tf.sub(dNormal, tf.mean(dNormal, -1, true)), along));
  const axes = rowAxes(dy);
  return frozen ? [dx] : [dx, tf.sum(tf.mul(dy, normal), axes), tf.sum(dy, axes)];
}

/** LayerNorm over the last axis, epsilon 1e-5. */
function layerNorm(x: tf.Tensor, parameters: NormParameters, frozen: boolean): tf.Tensor {
  return withGradient(
    frozen ? [x] : [x, parameters.gain, parameters.shift],
    () => {
      const { normal, inverseDeviation, y } = normalise(x, parameters, layerNormEpsilon);
      return { value: y, saved: { normal, inverseDeviation, gain: parameters.gain } };
    },
    (dy, saved) => normGradients(dy, saved, frozen),
  );
}

/** Beyond this Mish is the identity in float32, and the exponential still finite. */
const mishLimit = 20;

/** Which features of which rows are kept, and how likely one is dropped. */
export interface Dropout {
  /** 0 or 1, of the shape of what is dropped. */
  mask: tf.Tensor;
  probability: number;
}

/**
 * Dropout, LayerNorm and Mish in one operation. Dropout divides what it keeps by 1 - probability, which the LayerNorm undoes up to
 * its epsilon: so the epsilon is multiplied by the square of that, and nothing is divided.
 */
function normMish(x: tf.Tensor, parameters: NormParameters, frozen: boolean, dropout?: Dropout): tf.Tensor {
  const epsilon = layerNormEpsilon * (1 - (dropout?.probability ?? 0)) ** 2;
  return withGradient(
    frozen ? [x] : [x, parameters.gain, parameters.shift],
    () => {
      const input = dropout === undefined ? x : tf.mul(x, dropout.mask);
      const { normal, inverseDeviation, y } = normalise(input, parameters, epsilon);
      // With e = exp(y): tanh(softplus(y)) = n / (n + 2) where n = e (e + 2).
      const e = tf.exp(tf.minimum(y, mishLimit));
      const n = tf.mul(e, tf.add(e, 2));
      const denominator = tf.add(n, 2);
      const t = tf.div(n, denominator);
      const { gain } = parameters;
      return {
        value: tf.mul(y, t),
        saved: { normal, inverseDeviation, gain, y, e, denominator, t, mask: dropout?.mask ?? gain },
      };
    },
    (dOut, saved) => {
      const { y, e, denominator, t } = saved;
      const slope = tf.div(tf.mul(tf.mul(4, e), tf.add(e, 1)), tf.square(denominator));
      const dy = tf.mul(dOut, tf.add(t, tf.mul(y, slope)));
      const [dInput, ...rest] = normGradients(dy, saved, frozen);
      return [dropout === undefined ? dInput : tf.mul(dInput, saved.mask), ...rest];
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
  /** Of the first layer of each Q that is computed, the mask [models, rows, mlpDim]. */
  dropout?: Dropout | undefined;
  observe?: LayerObserver | undefined;
  /** The pair of Qs that is computed; all without it. int32 [2]. */
  pair?: tf.Tensor | undefined;
}

/**
 * A whole net applied to x [rows, in], the official `mlp`: [rows, out], or [models, rows, out] for an ensemble, whose members are
 * computed one by one: products of one matrix each, and no copies between layouts.
 */
export function mlp(
  architecture: Architecture,
  weights: Weights,
  net: Net,
  x: tf.Tensor,
  options: MlpOptions = {},
): tf.Tensor {
  const { dims, lastNorm } = netShape(net, architecture);
  const last = dims.length - 2;
  const { pair, dropout } = options;
  const ensemble = isEnsemble(net);
  const members = (name: string) => {
    if (!ensemble) return [weights.get(name)];
    return tf.unstack(pair === undefined ? weights.get(name) : weights.pick(name, pair));
  };
  const masks = dropout === undefined ? [] : tf.unstack(dropout.mask);
  let outputs = ensemble ? [] : [x];
  for (let layer = 0; layer <= last; layer++) {
    const names = layerNames(net, layer);
    const biases = members(names.bias);
    const normalised = layer < last || lastNorm;
    const [gains, shifts] = normalised ? [members(names.gain), members(names.shift)] : [[], []];
    outputs = members(names.weight).map((weight, member) => {
      const y = linear(outputs[member] ?? x, { weight, bias: of(biases, member) }, weights);
      if (!normalised) return y;
      const norm = { gain: of(gains, member), shift: of(shifts, member) };
      if (layer === last) return simNorm(layerNorm(y, norm, weights.frozen), architecture.simnormDim);
      const mask = layer === 0 ? masks[member] : undefined;
      const dropped = dropout === undefined || mask === undefined ? undefined : { ...dropout, mask };
      return normMish(y, norm, weights.frozen, dropped);
    });
    options.observe?.(net, layer, ensemble ? tf.stack(outputs) : of(outputs, 0));
  }
  return ensemble ? tf.stack(outputs) : of(outputs, 0);
}

function of(tensors: readonly tf.Tensor[], member: number): tf.Tensor {
  const tensor = tensors[member];
  if (tensor === undefined) throw new RangeError(`an ensemble has no member ${member}`);
  return tensor;
}
