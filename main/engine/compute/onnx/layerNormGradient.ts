import { type Value } from '../graph/graph.ts';
import { type ModelWriter } from './modelWriter.ts';

/**
 * The gradients of a LayerNorm, (dy, x, mean, deviation, gain) to (dx, dGain, dShift), in few passes over memory. Writing d for the
 * inverse deviation and n for the number of features, normal = (x - mean) d, and with the sums over features
 *   a = sum(dy gain), b = sum(dy gain normal) = d (sum(dy x gain) - mean a):
 *   dx = d (dy gain - a / n - normal b / n) = dy gain d - x k + (k mean - d a / n), where k = d^2 b / n.
 * Sums over features and over rows are products with a vector, which cost next to nothing.
 */
export function layerNormGradient(
  writer: ModelWriter,
  inputs: readonly Value[],
  nameOf: (value: Value) => string,
): readonly string[] {
  const [dyValue, xValue, meanValue, deviationValue, gainValue] = inputs;
  if (!dyValue || !xValue || !meanValue || !deviationValue || !gainValue)
    throw new RangeError('the gradient of a layer norm has five inputs');
  const features = xValue.shape.at(-1) ?? 0;
  const rowCount = xValue.shape.slice(0, -1).reduce((product, size) => product * size, 1);
  const [dy, x, mean, deviation, gain] = [dyValue, xValue, meanValue, deviationValue, gainValue].map(nameOf);
  if (!dy || !x || !mean || !deviation || !gain) throw new RangeError('a value has no name');
  const multiply = (a: string, b: string) => writer.node('Mul', [a, b]);
  const column = writer.node('Reshape', [gain, writer.integers([features, 1])]);
  const dyTimesX = multiply(dy, x);
  const a = writer.node('MatMul', [dy, column]);
  const b = multiply(deviation, writer.node('Sub', [writer.node('MatMul', [dyTimesX, column]), multiply(mean, a)]));
  const perFeature = writer.float(1 / features);
  const k = multiply(multiply(multiply(deviation, deviation), b), perFeature);
  const offset = writer.node('Sub', [multiply(k, mean), multiply(multiply(deviation, a), perFeature)]);
  const scaled = multiply(multiply(dy, gain), deviation);
  const dx = writer.node('Add', [writer.node('Sub', [scaled, multiply(x, k)]), offset]);

  const matrix = (name: string, width: number) =>
    xValue.shape.length === 2 ? name : writer.node('Reshape', [name, writer.integers([rowCount, width])]);
  const sumRows = (weights: string, rows: string) => {
    const product = writer.node('Gemm', [matrix(weights, 1), matrix(rows, features)], { transA: { int: 1 } });
    return writer.node('Reshape', [product, writer.integers([features])]);
  };
  const dGain = writer.node('Sub', [sumRows(deviation, dyTimesX), sumRows(multiply(deviation, mean), dy)]);
  const axes = writer.integers(xValue.shape.slice(0, -1).map((_, axis) => axis));
  const dShift = writer.node('ReduceSum', [dy, axes], { keepdims: { int: 0 } });
  return [dx, dGain, dShift];
}
