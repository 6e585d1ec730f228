import * as tf from '@tensorflow/tfjs';
import { floatTensor, type Tensor, type TensorMap } from '../../../../shared/tensor.ts';
import { type Graph, type Value } from './graph.ts';
import { type Operation } from './operations.ts';

/** Plain TF.js for each operation: what the operation means. */
function compute(operation: Operation, inputs: readonly tf.Tensor[]): tf.Tensor[] {
  const at = (index: number) => {
    const input = inputs[index];
    if (input === undefined) throw new RangeError(`${operation.type} lacks input ${index}`);
    return input;
  };
  const x = at(0);
  switch (operation.type) {
    case 'Neg':
      return [tf.neg(x)];
    case 'Abs':
      return [tf.abs(x)];
    case 'Sign':
      return [tf.sign(x)];
    case 'Exp':
      return [tf.exp(x)];
    case 'Log':
      return [tf.log(x)];
    case 'Sqrt':
      return [tf.sqrt(x)];
    case 'Rsqrt':
      return [tf.rsqrt(x)];
    case 'Square':
      return [tf.square(x)];
    case 'Reciprocal':
      return [tf.reciprocal(x)];
    case 'Tanh':
      return [tf.tanh(x)];
    case 'Sigmoid':
      return [tf.sigmoid(x)];
    case 'Relu':
      return [tf.relu(x)];
    case 'Softmax':
      return [tf.softmax(x)];
    case 'LogSoftmax':
      return [tf.logSoftmax(x)];
    case 'Mish':
      return [tf.mul(x, tf.tanh(tf.softplus(x)))];
    case 'Add':
      return [tf.add(x, at(1))];
    case 'Sub':
      return [tf.sub(x, at(1))];
    case 'Mul':
      return [tf.mul(x, at(1))];
    case 'Div':
      return [tf.div(x, at(1))];
    case 'Maximum':
      return [tf.maximum(x, at(1))];
    case 'Minimum':
      return [tf.minimum(x, at(1))];
    case 'SquaredDifference':
      return [tf.squaredDifference(x, at(1))];
    case 'Greater':
      return [tf.greater(x, at(1))];
    case 'GreaterEqual':
      return [tf.greaterEqual(x, at(1))];
    case 'Less':
      return [tf.less(x, at(1))];
    case 'LessEqual':
      return [tf.lessEqual(x, at(1))];
    case 'Equal':
      return [tf.equal(x, at(1))];
    case 'NotEqual':
      return [tf.notEqual(x, at(1))];
    case 'LogicalAnd':
      return [tf.logicalAnd(x, at(1))];
    case 'LogicalOr':
      return [tf.logicalOr(x, at(1))];
    case 'LogicalNot':
      return [tf.logicalNot(x)];
    case 'IsNan':
      return [tf.isNaN(x)];
    case 'Step':
      return [tf.step(x, operation.alpha)];
    case 'Clip':
      return [tf.clipByValue(x, operation.minimum, operation.maximum)];
    case 'Cast':
      return [tf.cast(x, operation.dtype)];
    case 'Select':
      return [tf.where(x, at(1), at(2))];
    case 'Sum':
      return [tf.sum(x, [...operation.axes], operation.keepDims)];
    case 'Mean':
      return [tf.mean(x, [...operation.axes], operation.keepDims)];
    case 'Max':
      return [tf.max(x, [...operation.axes], operation.keepDims)];
    case 'Min':
      return [tf.min(x, [...operation.axes], operation.keepDims)];
    case 'MatMul':
      return [tf.matMul(x, at(1), operation.transposeA, operation.transposeB)];
    case 'Linear':
      return [tf.add(tf.matMul(x, at(1), operation.transposeA, operation.transposeB), at(2))];
    case 'Reshape':
      return [tf.reshape(x, [...operation.shape])];
    case 'BroadcastTo':
      return [tf.broadcastTo(x, [...operation.shape])];
    case 'Transpose':
      return [tf.transpose(x, [...operation.permutation])];
    case 'Concat':
      return [tf.concat([...inputs], operation.axis)];
    case 'Slice':
      return [tf.slice(x, [...operation.begin], [...operation.size])];
    case 'Pad':
      return [
        tf.pad(
          x,
          operation.before.map((before, axis): [number, number] => [before, operation.after[axis] ?? 0]),
        ),
      ];
    case 'Tile':
      return [tf.tile(x, [...operation.repetitions])];
    case 'Gather':
      return [tf.gather(x, at(1), operation.axis)];
    case 'OneHot':
      // TF.js has no one-hot of a single class.
      return [tf.cast(tf.equal(tf.expandDims(x, -1), tf.range(0, operation.depth, 1, 'int32')), 'float32')];
    case 'TopK': {
      const { values, indices } = tf.topk(x, operation.k, true);
      return [values, indices];
    }
    case 'LayerNorm': {
      const mean = tf.mean(x, -1, true);
      const centred = tf.sub(x, mean);
      const deviation = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), operation.epsilon));
      return [tf.add(tf.mul(tf.mul(centred, deviation), at(1)), at(2)), mean, deviation];
    }
    case 'LayerNormGradient': {
      const normal = tf.mul(tf.sub(at(1), at(2)), at(3));
      const slope = tf.mul(x, at(4));
      const along = tf.mul(normal, tf.mean(tf.mul(slope, normal), -1, true));
      const dx = tf.mul(at(3), tf.sub(tf.sub(slope, tf.mean(slope, -1, true)), along));
      const rows = x.shape.slice(0, -1).map((_, axis) => axis);
      return [dx, tf.sum(tf.mul(x, normal), rows), tf.sum(x, rows)];
    }
    case 'MishGradient': {
      const tanh = tf.tanh(tf.softplus(x));
      const slope = tf.mul(tf.sub(1, tf.square(tanh)), tf.sigmoid(x));
      return [tf.mul(at(1), tf.add(tanh, tf.mul(x, slope)))];
    }
    case 'Adam': {
      const { beta1, beta2, epsilon } = operation;
      const gradient = tf.mul(at(3), at(4));
      const average = tf.add(tf.mul(at(1), beta1), tf.mul(gradient, 1 - beta1));
      const square = tf.add(tf.mul(at(2), beta2), tf.mul(tf.square(gradient), 1 - beta2));
      const denominator = tf.add(tf.mul(tf.sqrt(square), at(6)), epsilon);
      return [tf.sub(x, tf.div(tf.mul(average, at(5)), denominator)), average, square];
    }
    case 'MovingAverage':
      return [tf.add(x, tf.mul(at(2), tf.sub(at(1), x)))];
  }
}

/** A constant of a graph as a tensor. */
function constantTensor(value: Value): tf.Tensor {
  const { source, shape, dtype } = value;
  if (source.kind !== 'constant') throw new Error('a value is read before it is made');
  if ('uniform' in source.data) return tf.fill([...shape], source.data.uniform, dtype === 'bool' ? 'bool' : dtype);
  return tf.tensor(source.data.values, [...shape], dtype);
}

function inputTensor({ data, shape }: Tensor): tf.Tensor {
  if (data instanceof Float32Array) return tf.tensor(data, [...shape], 'float32');
  if (data instanceof Int32Array) return tf.tensor(data, [...shape], 'int32');
  throw new RangeError('a graph takes float32 and int32 inputs');
}

/**
 * Runs a graph operation by operation on the current TF.js backend: what passes and lowerings are compared with, and how constants
 * are folded. Outputs are float32.
 */
export function interpret(graph: Graph, inputs: ReadonlyMap<string, Tensor>): TensorMap {
  const results: TensorMap = new Map();
  tf.tidy(() => {
    const tensors = new Map<Value, tf.Tensor>();
    const read = (value: Value) => {
      const known = tensors.get(value) ?? constantTensor(value);
      tensors.set(value, known);
      return known;
    };
    for (const [name, value] of graph.inputs) {
      const given = inputs.get(name);
      if (given !== undefined) tensors.set(value, inputTensor(given));
    }
    for (const node of graph.nodes)
      compute(node.operation, node.inputs.map(read)).forEach((tensor, index) => {
        const output = node.outputs[index];
        if (output !== undefined) tensors.set(output, tensor);
      });
    for (const [name, value] of graph.outputs) {
      const tensor = read(value);
      results.set(name, floatTensor(tensor.shape, Float32Array.from(tensor.dataSync())));
    }
  });
  return results;
}
