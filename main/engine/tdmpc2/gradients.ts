import * as tf from '@tensorflow/tfjs';

/**
 * An operation with its own gradient: far fewer kernels than the tape would record.
 * @param inputs the tensors that a gradient is given for, in the order in which `gradient` returns them.
 * @param forward returns the value and what `gradient` needs. That must be all it uses: other tensors made while a differentiated
 * function runs are gone by then.
 */
export function withGradient<Name extends string>(
  inputs: readonly tf.Tensor[],
  forward: () => { value: tf.Tensor; saved: Record<Name, tf.Tensor> },
  gradient: (dy: tf.Tensor, saved: Record<Name, tf.Tensor>) => tf.Tensor[],
): tf.Tensor {
  const operation = tf.customGrad((...received) => {
    const save = received.at(-1);
    if (typeof save !== 'function') throw new TypeError('customGrad passes its save function last');
    const { value, saved } = forward();
    const names: Name[] = [];
    for (const name in saved) names.push(name);
    save(names.map((name) => saved[name]));
    return {
      value,
      gradFunc: (dy, tensors) => {
        const restored = { ...saved };
        names.forEach((name, index) => (restored[name] = tensors[index] ?? restored[name]));
        return gradient(dy, restored);
      },
    };
  });
  return operation(...inputs);
}

/** `f` of `x`, through which no gradient flows; f may use operations that have none. */
export function withoutGradient(x: tf.Tensor, f: () => tf.Tensor): tf.Tensor {
  return withGradient(
    [x],
    () => ({ value: f(), saved: {} }),
    () => [tf.zeros(x.shape)],
  );
}

/**
 * The gradients of a scalar with respect to `parameters`, and whatever else `f` computed.
 * Runs inside a tidy of the caller, which then owns the results.
 */
export function valueAndGradients<Name extends string>(
  f: () => { value: tf.Tensor; auxiliary: Record<Name, tf.Tensor> },
  parameters: readonly tf.Tensor[],
): { gradients: tf.Tensor[]; auxiliary: Record<Name, tf.Tensor> } {
  let kept: Record<Name, tf.Tensor> | undefined;
  const { grads } = tf.valueAndGrads(() => {
    const { value, auxiliary } = f();
    for (const name in auxiliary) tf.keep(auxiliary[name]);
    kept = auxiliary;
    return tf.reshape<tf.Rank.R0>(value, []);
  })([...parameters]);
  if (kept === undefined) throw new Error('the differentiated function did not run');
  const auxiliary = { ...kept };
  for (const name in kept) {
    auxiliary[name] = tf.clone(kept[name]);
    kept[name].dispose();
  }
  return { gradients: grads, auxiliary };
}
