import * as tf from '@tensorflow/tfjs';
import { withoutGradient } from './gradients.ts';

/** One of the sorted values at a fractional position, linearly between its neighbours. `descending` [n]. */
function percentile(descending: tf.Tensor, percent: number): tf.Tensor {
  const last = descending.shape[0] - 1;
  const position = (percent * last) / 100;
  const low = Math.floor(position);
  const high = Math.min(low + 1, last);
  const valueAt = (ascendingIndex: number) => tf.slice(descending, [last - ascendingIndex], [1]);
  const weight = position - low;
  return tf.add(tf.mul(valueAt(low), 1 - weight), tf.mul(valueAt(high), weight));
}

/**
 * The official RunningScale: moves by `tau` towards the distance of the 5th and 95th percentiles of the Q values of a batch,
 * which counts as at least 1. No gradient flows through it.
 * @param scale scalar. @param q [rows, 1], Q values at the first step.
 */
export function updateScale(scale: tf.Tensor, q: tf.Tensor, tau: tf.Tensor): tf.Tensor {
  return withoutGradient(q, () => {
    const rows = q.shape[0];
    const { values } = tf.topk(tf.reshape(q, [rows]), rows, true);
    const range = tf.maximum(tf.sub(percentile(values, 95), percentile(values, 5)), 1);
    return tf.add(scale, tf.mul(tau, tf.sub(tf.reshape(range, []), scale)));
  });
}
