import * as tf from '@tensorflow/tfjs';
import { select } from './wasmKernels.ts';

/**
 * Products with a weight matrix kept as torch keeps it, [out, in]. The wasm backend runs transposed and batched products on a
 * path that is ten times slower, so there every product is made from plain two-dimensional ones and explicit transposes.
 */

/** Below this many rows, transposing the input and the output costs less than transposing and packing the weights. */
const fewRows = 64;

function onWasm(): boolean {
  return tf.getBackend() === 'wasm';
}

/** Transposes and selections of weights, made when first asked for and kept until `dispose`. */
export class TransposeCache {
  readonly #transposes = new Map<tf.Tensor, tf.Tensor>();
  readonly #selections = new Map<tf.Tensor, Map<tf.Tensor, tf.Tensor>>();

  of(weight: tf.Tensor): tf.Tensor {
    return remember(this.#transposes, weight, () => tf.transpose(weight));
  }

  /** The members `indices` of the first axis. */
  selection(weight: tf.Tensor, indices: tf.Tensor): tf.Tensor {
    let selected = this.#selections.get(indices);
    if (selected === undefined) {
      selected = new Map();
      this.#selections.set(indices, selected);
    }
    return remember(selected, weight, () => select(weight, indices));
  }

  dispose(): void {
    for (const made of [this.#transposes, ...this.#selections.values()]) {
      tf.dispose([...made.values()]);
      made.clear();
    }
    this.#selections.clear();
  }
}

function remember(made: Map<tf.Tensor, tf.Tensor>, source: tf.Tensor, make: () => tf.Tensor): tf.Tensor {
  let result = made.get(source);
  if (result === undefined) {
    result = tf.keep(make());
    made.set(source, result);
  }
  return result;
}

/** Rows and columns of a matrix; every caller has reshaped to two dimensions. */
function matrixShape(tensor: tf.Tensor): [number, number] {
  if (tensor.shape.length !== 2) throw new RangeError(`expected a matrix, got [${tensor.shape.join(', ')}]`);
  const [rows = 0, columns = 0] = tensor.shape;
  return [rows, columns];
}

/** x [rows, in] times the transpose of `weight` [out, in]: [rows, out]. */
export function timesTranspose(x: tf.Tensor, weight: tf.Tensor, cache: TransposeCache): tf.Tensor {
  if (!onWasm()) return tf.matMul(x, weight, false, true);
  if (matrixShape(x)[0] <= fewRows) return tf.transpose(tf.matMul(weight, tf.transpose(x)));
  return tf.matMul(x, cache.of(weight));
}

/** The transpose of x [rows, out] times y [rows, in]: [out, in]. */
export function transposeTimes(x: tf.Tensor, y: tf.Tensor): tf.Tensor {
  return onWasm() ? tf.matMul(tf.transpose(x), y) : tf.matMul(x, y, true, false);
}
