import * as tf from '@tensorflow/tfjs';
import { timesTranspose, transposeTimes } from '../compute/matrix.ts';
import { withGradient } from './gradients.ts';
import { type Weights } from './weights.ts';

export interface LinearParameters {
  /** [out, in]. */
  weight: tf.Tensor;
  /** [out]. */
  bias: tf.Tensor;
}

/** x [rows, in]: [rows, out]. */
function linearOfRows(x: tf.Tensor, { weight, bias }: LinearParameters, weights: Weights): tf.Tensor {
  const { frozen } = weights;
  return withGradient(
    frozen ? [x] : [x, weight, bias],
    () => {
      const value = tf.add(timesTranspose(x, weight, weights.transposes), bias);
      // The input is needed for the gradient of the weights alone, and saving copies: a frozen layer saves something small.
      return { value, saved: { x: frozen ? bias : x, weight } };
    },
    (dy, { x, weight }) => {
      const dx = tf.matMul(dy, weight);
      return frozen ? [dx] : [dx, transposeTimes(dy, x), tf.sum(dy, 0)];
    },
  );
}

/** y = x W^T + b for x [..., in]: [..., out]. */
export function linear(x: tf.Tensor, parameters: LinearParameters, weights: Weights): tf.Tensor {
  const inputs = x.shape.at(-1) ?? 0;
  const outputs = parameters.bias.shape.at(-1) ?? 0;
  const y = linearOfRows(tf.reshape(x, [-1, inputs]), parameters, weights);
  return tf.reshape(y, [...x.shape.slice(0, -1), outputs]);
}
