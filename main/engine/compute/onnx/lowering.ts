import { elementCount } from '../../../../shared/tensor.ts';
import { type Node, uniformOf, type Value } from '../graph/graph.ts';
import {
  type ArithmeticType,
  type ComparisonType,
  isArithmetic,
  isComparison,
  isReduction,
  isUnary,
  type UnaryType,
} from '../graph/operations.ts';
import { broadcastShapes, sameShape } from '../graph/shapes.ts';
import { layerNormGradient } from './layerNormGradient.ts';
import { mish, mishGradient } from './mish.ts';
import { type ModelWriter } from './modelWriter.ts';
import { lowerReduction } from './reduction.ts';
import { elementTypes } from './schema.ts';
import { tanh } from './tanh.ts';

/** Gives the ONNX name of a value. */
export type NameOf = (value: Value) => string;

/** Those that ONNX has under the same name. */
const unaryOperators: Record<
  Exclude<UnaryType, 'Square' | 'Rsqrt' | 'Softmax' | 'LogSoftmax' | 'Tanh' | 'Mish'>,
  string
> = {
  Neg: 'Neg',
  Abs: 'Abs',
  Sign: 'Sign',
  Exp: 'Exp',
  Log: 'Log',
  Sqrt: 'Sqrt',
  Reciprocal: 'Reciprocal',
  Sigmoid: 'Sigmoid',
  Relu: 'Relu',
};

const arithmeticOperators: Record<Exclude<ArithmeticType, 'SquaredDifference'>, string> = {
  Add: 'Add',
  Sub: 'Sub',
  Mul: 'Mul',
  Div: 'Div',
  Maximum: 'Max',
  Minimum: 'Min',
};

const comparisonOperators: Record<Exclude<ComparisonType, 'NotEqual'>, string> = {
  Greater: 'Greater',
  GreaterEqual: 'GreaterOrEqual',
  Less: 'Less',
  LessEqual: 'LessOrEqual',
  Equal: 'Equal',
  LogicalAnd: 'And',
  LogicalOr: 'Or',
};

function lowerUnary(writer: ModelWriter, type: UnaryType, x: string): string {
  if (type === 'Square') return writer.node('Mul', [x, x]);
  if (type === 'Rsqrt') return writer.node('Reciprocal', [writer.node('Sqrt', [x])]);
  if (type === 'Softmax' || type === 'LogSoftmax') return writer.node(type, [x], { axis: { int: -1 } });
  if (type === 'Tanh') return tanh(writer, x);
  return type === 'Mish' ? mish(writer, x) : writer.node(unaryOperators[type], [x]);
}

function lowerArithmetic(writer: ModelWriter, type: ArithmeticType, inputs: readonly string[]): string {
  if (type !== 'SquaredDifference') return writer.node(arithmeticOperators[type], inputs);
  const difference = writer.node('Sub', inputs);
  return writer.node('Mul', [difference, difference]);
}

function lowerComparison(writer: ModelWriter, type: ComparisonType, inputs: readonly string[]): string {
  if (type === 'NotEqual') return writer.node('Not', [writer.node('Equal', inputs)]);
  return writer.node(comparisonOperators[type], inputs);
}

/**
 * The names of elementwise inputs: a uniform constant is a scalar where the other inputs carry the shape already, which spares a
 * large tensor.
 */
function elementwiseInputs(writer: ModelWriter, inputs: readonly Value[], nameOf: NameOf): string[] {
  const numberOf = (input: Value) => (input.dtype === 'float32' ? uniformOf(input) : undefined);
  const shapeOf = (values: readonly Value[]) =>
    values.reduce<number[]>((all, value) => broadcastShapes(all, value.shape), []);
  const others = inputs.filter((input) => numberOf(input) === undefined);
  const carried = sameShape(shapeOf(others), shapeOf(inputs));
  return inputs.map((input) => {
    const number = numberOf(input);
    return number === undefined || !carried ? nameOf(input) : writer.float(number);
  });
}

function flag(value: boolean): { int: number } {
  return { int: value ? 1 : 0 };
}

/**
 * Writes one node of a graph as ONNX operators.
 * Returns the names of its outputs. Errors: RangeError for an operation that runs beside the model (Adam, MovingAverage).
 */
export function lowerNode(writer: ModelWriter, node: Node, nameOf: NameOf): readonly string[] {
  const { operation, inputs, outputs } = node;
  const at = (index: number): Value => {
    const value = inputs[index];
    if (value === undefined) throw new RangeError(`${operation.type} lacks input ${index}`);
    return value;
  };
  const [x] = inputs;
  const [result] = outputs;
  if (x === undefined || result === undefined) throw new RangeError(`${operation.type} has no input or no output`);
  const name = (index: number) => nameOf(at(index));
  if (isUnary(operation)) return [lowerUnary(writer, operation.type, nameOf(x))];
  if (isArithmetic(operation))
    return [lowerArithmetic(writer, operation.type, elementwiseInputs(writer, inputs, nameOf))];
  if (isComparison(operation))
    return [lowerComparison(writer, operation.type, elementwiseInputs(writer, inputs, nameOf))];
  if (isReduction(operation)) return [lowerReduction(writer, operation, x.dtype, nameOf(x))];
  switch (operation.type) {
    case 'LogicalNot':
      return [writer.node('Not', [nameOf(x)])];
    case 'IsNan':
      return [writer.node('IsNaN', [nameOf(x)])];
    case 'Step': {
      const above = writer.node('Greater', [nameOf(x), writer.float(0)]);
      if (operation.alpha === 0) return [writer.node('Cast', [above], { to: { int: elementTypes.float32 } })];
      return [writer.node('Where', [above, writer.float(1), writer.float(operation.alpha)])];
    }
    case 'Clip':
      return [writer.node('Clip', [nameOf(x), writer.float(operation.minimum), writer.float(operation.maximum)])];
    case 'Cast':
      return [writer.node('Cast', [nameOf(x)], { to: { int: elementTypes[operation.dtype] } })];
    case 'Select':
      return [writer.node('Where', [name(0), ...elementwiseInputs(writer, inputs, nameOf).slice(1)])];
    case 'MatMul': {
      const { transposeA, transposeB } = operation;
      if (!transposeA && !transposeB) return [writer.node('MatMul', [name(0), name(1)])];
      const attributes = { transA: flag(transposeA), transB: flag(transposeB) };
      if (result.shape.length === 2) return [writer.node('Gemm', [name(0), name(1)], attributes)];
      return writer.nodes('FusedMatMul', [name(0), name(1)], { attributes, domain: 'com.microsoft' });
    }
    case 'Linear': {
      const attributes = { transA: flag(operation.transposeA), transB: flag(operation.transposeB) };
      return [writer.node('Gemm', [name(0), name(1), name(2)], attributes)];
    }
    case 'Reshape':
      return [writer.node('Reshape', [nameOf(x), writer.integers(operation.shape)])];
    case 'BroadcastTo':
      return [writer.node('Expand', [nameOf(x), writer.integers(operation.shape)])];
    case 'Transpose':
      return [writer.node('Transpose', [nameOf(x)], { perm: { ints: operation.permutation } })];
    case 'Concat':
      return [writer.node('Concat', inputs.map(nameOf), { axis: { int: operation.axis } })];
    case 'Slice': {
      const { begin, size } = operation;
      const axes = begin.map((_, axis) => axis).filter((axis) => size[axis] !== x.shape[axis]);
      const starts = axes.map((axis) => begin[axis] ?? 0);
      const ends = axes.map((axis) => (begin[axis] ?? 0) + (size[axis] ?? 0));
      return [writer.node('Slice', [nameOf(x), ...[starts, ends, axes].map((list) => writer.integers(list))])];
    }
    case 'Pad':
      return [writer.node('Pad', [nameOf(x), writer.integers([...operation.before, ...operation.after])])];
    case 'Tile':
      return [writer.node('Tile', [nameOf(x), writer.integers(operation.repetitions)])];
    case 'Gather':
      return [writer.node('Gather', [name(0), name(1)], { axis: { int: operation.axis } })];
    case 'OneHot': {
      const indices = writer.node('Reshape', [nameOf(x), writer.integers([...x.shape, 1])]);
      const range = Int32Array.from({ length: operation.depth }, (_, index) => index);
      const hot = writer.node('Equal', [indices, writer.constant('int32', [operation.depth], range)]);
      return [writer.node('Cast', [hot], { to: { int: elementTypes.float32 } })];
    }
    case 'TopK': {
      const attributes = { axis: { int: -1 }, largest: { int: 1 }, sorted: { int: 1 } };
      const [values = '', indices = ''] = writer.nodes('TopK', [nameOf(x), writer.integers([operation.k])], {
        attributes,
        outputs: 2,
      });
      return [values, writer.node('Cast', [indices], { to: { int: elementTypes.int32 } })];
    }
    case 'LayerNorm': {
      const attributes = { axis: { int: -1 }, epsilon: { float: operation.epsilon } };
      return writer.nodes('LayerNormalization', [name(0), name(1), name(2)], { attributes, outputs: 3 });
    }
    case 'LayerNormGradient':
      return layerNormGradient(writer, inputs, nameOf);
    case 'MishGradient':
      return [mishGradient(writer, name(0), name(1))];
    case 'Adam':
    case 'MovingAverage':
      throw new RangeError(`${operation.type} runs beside the model`);
  }
}

/** A constant of a graph as a constant of the model, or as a node where it is large and uniform. */
export function lowerConstant(writer: ModelWriter, value: Value): string {
  const { source, shape, dtype } = value;
  if (source.kind !== 'constant') throw new Error('a value is read before it is made');
  if ('values' in source.data) return writer.constant(dtype, shape, source.data.values);
  const { uniform } = source.data;
  const count = elementCount(shape);
  const fill = (length: number) => {
    if (dtype === 'float32') return new Float32Array(length).fill(uniform);
    return dtype === 'int32' ? new Int32Array(length).fill(uniform) : new Uint8Array(length).fill(uniform);
  };
  if (count <= 1024) return writer.constant(dtype, shape, fill(count));
  return writer.node('Expand', [writer.constant(dtype, [], fill(1)), writer.integers(shape)]);
}
