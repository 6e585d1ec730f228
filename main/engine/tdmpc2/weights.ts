import type * as tf from '@tensorflow/tfjs';
import { TransposeCache } from '../compute/matrix.ts';

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
