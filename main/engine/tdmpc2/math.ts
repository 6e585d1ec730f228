import * as tf from '@tensorflow/tfjs';
import { withGradient } from './gradients.ts';

/** The bins of a discretised scalar: `numBins` from `vmin` to `vmax`, in symlog space. */
export interface Bins {
  numBins: number;
  vmin: number;
  vmax: number;
}

/** The official symlog: sign(x) log(1 + |x|), elementwise. */
export function symlog(x: tf.Tensor): tf.Tensor {
  return tf.mul(tf.sign(x), tf.log(tf.add(1, tf.abs(x))));
}

/** Its inverse. */
function symexp(x: tf.Tensor): tf.Tensor {
  return tf.mul(tf.sign(x), tf.sub(tf.exp(tf.abs(x)), 1));
}

function binIndices({ numBins }: Bins): tf.Tensor {
  return tf.tensor1d(Float32Array.from({ length: numBins }, (_, index) => index));
}

function binValues({ numBins, vmin, vmax }: Bins): tf.Tensor {
  const size = (vmax - vmin) / (numBins - 1);
  return tf.tensor1d(Float32Array.from({ length: numBins }, (_, index) => vmin + index * size));
}

/**
 * Soft two-hot encoding of the symlog of `x` [..., 1]: [..., numBins]. Weights fall linearly with the distance from the bin, so
 * the two neighbours share 1, and a value outside the range is its end.
 */
export function twoHot(x: tf.Tensor, bins: Bins): tf.Tensor {
  const size = (bins.vmax - bins.vmin) / (bins.numBins - 1);
  const position = tf.div(tf.sub(tf.clipByValue(symlog(x), bins.vmin, bins.vmax), bins.vmin), size);
  return tf.relu(tf.sub(1, tf.abs(tf.sub(position, binIndices(bins)))));
}

/** The scalar that logits [..., numBins] stand for: [..., 1]. */
export function twoHotInv(logits: tf.Tensor, bins: Bins): tf.Tensor {
  return withGradient(
    [logits],
    () => {
      const probabilities = tf.softmax(logits);
      const values = binValues(bins);
      const mean = tf.sum(tf.mul(probabilities, values), -1, true);
      return { value: symexp(mean), saved: { probabilities, values, mean } };
    },
    (dy, { probabilities, values, mean }) => [
      tf.mul(tf.mul(dy, tf.exp(tf.abs(mean))), tf.mul(probabilities, tf.sub(values, mean))),
    ],
  );
}

/** Cross-entropy of logits [..., numBins] and a distribution of the same shape: [..., 1]. */
export function softCrossEntropy(logits: tf.Tensor, target: tf.Tensor): tf.Tensor {
  return withGradient(
    [logits],
    () => {
      const logProbabilities = tf.logSoftmax(logits);
      const value = tf.neg(tf.sum(tf.mul(target, logProbabilities), -1, true));
      return { value, saved: { logProbabilities, target } };
    },
    (dy, { logProbabilities, target }) => {
      const mass = tf.sum(target, -1, true);
      return [tf.mul(dy, tf.sub(tf.mul(tf.exp(logProbabilities), mass), target))];
    },
  );
}

/** The official `log_std`: squashes to the range [low, low + dif]. */
export function squashLogStd(x: tf.Tensor, low: number, dif: number): tf.Tensor {
  return tf.add(low, tf.mul(0.5 * dif, tf.add(tf.tanh(x), 1)));
}

const halfLogTwoPi = 0.5 * Math.log(2 * Math.PI);

/**
 * Log-density of Gaussian noise `eps` [..., A], already masked: [..., 1].
 * @param dims number of actions of each row's task [..., 1].
 * @param unscaled false: the official value, the whole times `dims` (quirk 5); true: only the constant, the density itself.
 */
export function gaussianLogProb(eps: tf.Tensor, logStd: tf.Tensor, dims: tf.Tensor, unscaled: boolean): tf.Tensor {
  const residual = tf.sum(tf.sub(tf.mul(-0.5, tf.square(eps)), logStd), -1, true);
  if (unscaled) return tf.sub(residual, tf.mul(halfLogTwoPi, dims));
  return tf.mul(tf.sub(residual, halfLogTwoPi), dims);
}

/** What squashing by tanh takes from the log-density; `action` [..., A] is after tanh: [..., 1]. */
export function squashCorrection(action: tf.Tensor): tf.Tensor {
  return tf.sum(tf.log(tf.add(tf.relu(tf.sub(1, tf.square(action))), 1e-6)), -1, true);
}
