import * as tf from '@tensorflow/tfjs';
import { timesTranspose, timesTransposeShared, TransposeCache, transposeTimes } from '../compute/matrix.ts';
import { select } from '../compute/wasmKernels.ts';
import { withGradient } from './gradients.ts';
import { type Weights } from './weights.ts';

export interface LinearParameters {
  weight: tf.Tensor;
  bias: tf.Tensor;
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
