import { type Node, type Value } from '../graph/graph.ts';
import {
  type ArithmeticType,
  type ComparisonType,
  isArithmetic,
  isComparison,
  isReduction,
  isUnary,
} from '../graph/operations.ts';
import { sameShape } from '../graph/shapes.ts';
import { attribute } from './attributes.ts';
import { type FunctionBody } from './functionBody.ts';
import { Formulas } from './formulas.ts';
import { lowerComposite } from './lowerComposite.ts';

const arithmetic: Readonly<Record<ArithmeticType, string>> = {
  Add: 'AddV2',
  Sub: 'Sub',
  Mul: 'Mul',
  Div: 'RealDiv',
  Maximum: 'Maximum',
  Minimum: 'Minimum',
  SquaredDifference: 'SquaredDifference',
};

const comparisons: Readonly<Record<ComparisonType, string>> = {
  Greater: 'Greater',
  GreaterEqual: 'GreaterEqual',
  Less: 'Less',
  LessEqual: 'LessEqual',
  Equal: 'Equal',
  NotEqual: 'NotEqual',
  LogicalAnd: 'LogicalAnd',
  LogicalOr: 'LogicalOr',
};

/** What each operation may say about itself besides its type: anything else would be computed as if it were not there. */
const attributes: Readonly<Record<string, readonly string[]>> = {
  Step: ['alpha'],
  Clip: ['minimum', 'maximum'],
  Cast: ['dtype'],
  Sum: ['axes', 'keepDims'],
  Mean: ['axes', 'keepDims'],
  Max: ['axes', 'keepDims'],
  Min: ['axes', 'keepDims'],
  MatMul: ['transposeA', 'transposeB'],
  Linear: ['transposeA', 'transposeB'],
  Reshape: ['shape'],
  BroadcastTo: ['shape'],
  Transpose: ['permutation'],
  Concat: ['axis'],
  Slice: ['begin', 'size'],
  Pad: ['before', 'after'],
  Tile: ['repetitions'],
  Gather: ['axis'],
  OneHot: ['depth'],
  TopK: ['k'],
  LayerNorm: ['epsilon'],
  Adam: ['beta1', 'beta2', 'epsilon'],
};

function checkAttributes({ operation }: Node): void {
  const known = attributes[operation.type] ?? [];
  for (const name of Object.keys(operation))
    if (name !== 'type' && !known.includes(name))
      throw new RangeError(`${operation.type} has an attribute that TensorFlow's lowering does not know: ${name}`);
}

/**
 * Writes one operation of a graph as TensorFlow operations; returns the references of its outputs. `inputs` are those of its inputs.
 * Errors: RangeError for an unknown operation or attribute.
 */
export function lowerOperation(body: FunctionBody, node: Node, inputs: readonly string[]): readonly string[] {
  checkAttributes(node);
  const { operation } = node;
  const at = (index: number): string => {
    const input = inputs[index];
    if (input === undefined) throw new RangeError(`${operation.type} lacks input ${index}`);
    return input;
  };
  const value = (index: number): Value => {
    const input = node.inputs[index];
    if (input === undefined) throw new RangeError(`${operation.type} lacks input ${index}`);
    return input;
  };
  const T = attribute.type(value(0).dtype);
  const one = (op: string, of: readonly string[], attr: Parameters<FunctionBody['apply']>[2]): readonly string[] => [
    body.apply(op, of, attr),
  ];
  const maths = new Formulas(body);

  if (operation.type === 'Mish') return [maths.mish(at(0))];
  if (operation.type === 'Tanh') return [maths.tanh(at(0))];
  if (isUnary(operation)) return one(operation.type, [at(0)], { T });
  if (isArithmetic(operation)) return one(arithmetic[operation.type], [at(0), at(1)], { T });
  if (isComparison(operation)) {
    const op = comparisons[operation.type];
    return one(op, [at(0), at(1)], op.startsWith('Logical') ? {} : comparisonAttributes(op, T));
  }
  if (isReduction(operation))
    return one(operation.type, [at(0), body.integers(operation.axes)], {
      T,
      Tidx: attribute.type('int32'),
      keep_dims: attribute.bool(operation.keepDims),
    });
  const Tshape = { Tshape: attribute.type('int32') };
  switch (operation.type) {
    case 'LogicalNot':
      return one('LogicalNot', [at(0)], {});
    case 'IsNan':
      return one('IsNan', [at(0)], { T });
    case 'Step':
      return [maths.select(maths.greater(at(0), maths.number(0)), maths.number(1), maths.number(operation.alpha))];
    case 'Clip':
      return [maths.clip(at(0), operation.minimum, operation.maximum)];
    case 'Cast':
      return one('Cast', [at(0)], {
        SrcT: T,
        DstT: attribute.type(operation.dtype),
        Truncate: attribute.bool(false),
      });
    case 'Select':
      return one('SelectV2', [at(0), at(1), at(2)], { T: attribute.type(value(1).dtype) });
    case 'MatMul':
      return [matMul(body, node, at(0), at(1))];
    case 'Linear':
      return [maths.add(matMul(body, node, at(0), at(1)), at(2))];
    case 'Reshape':
      return one('Reshape', [at(0), body.integers(operation.shape)], { T, ...Tshape });
    case 'BroadcastTo':
      if (sameShape(value(0).shape, operation.shape)) return [at(0)];
      return one('BroadcastTo', [at(0), body.integers(operation.shape)], { T, Tidx: attribute.type('int32') });
    case 'Transpose':
      return one('Transpose', [at(0), body.integers(operation.permutation)], { T, Tperm: attribute.type('int32') });
    case 'Concat':
      if (inputs.length === 1) return [at(0)];
      return one('ConcatV2', [...inputs, body.integer(operation.axis)], {
        T,
        N: attribute.integer(inputs.length),
        Tidx: attribute.type('int32'),
      });
    case 'Slice':
      return one('Slice', [at(0), body.integers(operation.begin), body.integers(operation.size)], {
        T,
        Index: attribute.type('int32'),
      });
    case 'Pad': {
      const paddings = operation.before.flatMap((before, axis) => [before, operation.after[axis] ?? 0]);
      const shape = [operation.before.length, 2];
      return one('Pad', [at(0), body.values(Int32Array.from(paddings), shape, 'int32')], {
        T,
        Tpaddings: attribute.type('int32'),
      });
    }
    case 'Tile':
      return one('Tile', [at(0), body.integers(operation.repetitions)], { T, Tmultiples: attribute.type('int32') });
    case 'Gather':
      return one('GatherV2', [at(0), at(1), body.integer(operation.axis)], {
        Tparams: T,
        Tindices: attribute.type('int32'),
        Taxis: attribute.type('int32'),
        batch_dims: attribute.integer(0),
      });
    case 'OneHot':
      return one('OneHot', [at(0), body.integer(operation.depth), maths.number(1), maths.number(0)], {
        T: attribute.type('float32'),
        TI: attribute.type('int32'),
        axis: attribute.integer(-1),
      });
    case 'TopK': {
      // Attributes that only newer libraries know are left to their defaults.
      const found = body.add('TopKV2', [at(0), body.integer(operation.k)], { T, sorted: attribute.bool(true) });
      return [`${found}:values:0`, `${found}:indices:0`];
    }
    case 'LayerNorm':
    case 'LayerNormGradient':
    case 'MishGradient':
    case 'Adam':
    case 'MovingAverage':
      return lowerComposite(maths, operation, node, inputs);
    default:
      throw new RangeError(`TensorFlow's lowering does not know the operation ${unknownType(operation)}`);
  }
}

/** For what the types rule out and a newer graph could bring. */
function unknownType(operation: { readonly type: string }): string {
  return operation.type;
}

function comparisonAttributes(op: string, T: ReturnType<typeof attribute.type>): Parameters<FunctionBody['apply']>[2] {
  return op.endsWith('Equal') && !/^(Greater|Less)/.test(op)
    ? { T, incompatible_shape_error: attribute.bool(true) }
    : { T };
}

function matMul(body: FunctionBody, { operation, inputs }: Node, a: string, b: string): string {
  if (operation.type !== 'MatMul' && operation.type !== 'Linear') throw new RangeError(`${operation.type} multiplies`);
  const T = attribute.type('float32');
  const transposed = [attribute.bool(operation.transposeA), attribute.bool(operation.transposeB)] as const;
  return inputs.slice(0, 2).every(({ shape }) => shape.length === 2)
    ? body.apply('MatMul', [a, b], { T, transpose_a: transposed[0], transpose_b: transposed[1] })
    : body.apply('BatchMatMulV2', [a, b], { T, adj_x: transposed[0], adj_y: transposed[1] });
}
