import { elementCount } from '../../../../shared/tensor.ts';
import { type Value } from './graph.ts';
import { type GraphDataType, isArithmetic, isComparison, isReduction, isUnary, type Operation } from './operations.ts';

export interface OutputType {
  shape: readonly number[];
  dtype: GraphDataType;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** The shape that both broadcast to, as numpy defines it. Errors: RangeError where they do not. */
export function broadcastShapes(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1)
      throw new RangeError(`[${a.join(', ')}] and [${b.join(', ')}] do not broadcast`);
    return left === 1 ? right : left;
  });
}

/** Errors: RangeError where the operation has another number of inputs. */
function inputsOf(operation: Operation, inputs: readonly Value[], count: number): Value[] {
  if (inputs.length !== count) throw new RangeError(`${operation.type} takes ${count} inputs, not ${inputs.length}`);
  return [...inputs];
}

function sizeAt(value: Value, axis: number): number {
  const size = value.shape[axis];
  if (size === undefined) throw new RangeError(`[${value.shape.join(', ')}] has no axis ${axis}`);
  return size;
}

function productShape(a: Value, b: Value, transposeA: boolean, transposeB: boolean): number[] {
  const [rankA, rankB] = [a.shape.length, b.shape.length];
  const inner = sizeAt(a, transposeA ? rankA - 2 : rankA - 1);
  if (inner !== sizeAt(b, transposeB ? rankB - 1 : rankB - 2))
    throw new RangeError(`[${a.shape.join(', ')}] and [${b.shape.join(', ')}] cannot be multiplied`);
  const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
  return [...batch, sizeAt(a, transposeA ? rankA - 1 : rankA - 2), sizeAt(b, transposeB ? rankB - 2 : rankB - 1)];
}

/**
 * The shapes and dtypes that an operation returns for its inputs.
 * Errors: RangeError where inputs do not fit the operation or each other.
 */
export function outputTypes(operation: Operation, inputs: readonly Value[]): OutputType[] {
  const [first] = inputs;
  if (first === undefined) throw new RangeError(`${operation.type} takes at least one input`);
  const { shape, dtype } = first;
  if (isUnary(operation)) {
    inputsOf(operation, inputs, 1);
    return [{ shape, dtype }];
  }
  if (isArithmetic(operation) || isComparison(operation)) {
    const [a = first, b = first] = inputsOf(operation, inputs, 2);
    if (a.dtype !== b.dtype) throw new RangeError(`${operation.type} of ${a.dtype} and ${b.dtype}`);
    return [{ shape: broadcastShapes(a.shape, b.shape), dtype: isComparison(operation) ? 'bool' : dtype }];
  }
  if (isReduction(operation)) {
    inputsOf(operation, inputs, 1);
    const { axes, keepDims } = operation;
    const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
    return [{ shape: keepDims ? kept : kept.filter((_, axis) => !axes.includes(axis)), dtype }];
  }
  switch (operation.type) {
    case 'LogicalNot':
    case 'IsNan':
      return [{ shape, dtype: 'bool' }];
    case 'Step':
    case 'Clip':
      return [{ shape, dtype }];
    case 'Cast':
      return [{ shape, dtype: operation.dtype }];
    case 'Select': {
      const [condition = first, a = first, b = first] = inputsOf(operation, inputs, 3);
      return [{ shape: broadcastShapes(condition.shape, broadcastShapes(a.shape, b.shape)), dtype: a.dtype }];
    }
    case 'MatMul': {
      const [a = first, b = first] = inputsOf(operation, inputs, 2);
      return [{ shape: productShape(a, b, operation.transposeA, operation.transposeB), dtype }];
    }
    case 'Linear': {
      const [a = first, b = first, bias = first] = inputsOf(operation, inputs, 3);
      const product = productShape(a, b, operation.transposeA, operation.transposeB);
      if (product.length !== 2 || !sameShape(broadcastShapes(product, bias.shape), product))
        throw new RangeError(`a bias [${bias.shape.join(', ')}] does not fit [${product.join(', ')}]`);
      return [{ shape: product, dtype }];
    }
    case 'Reshape':
      if (elementCount(operation.shape) !== elementCount(shape))
        throw new RangeError(`[${shape.join(', ')}] cannot become [${operation.shape.join(', ')}]`);
      return [{ shape: operation.shape, dtype }];
    case 'BroadcastTo':
      if (!sameShape(broadcastShapes(shape, operation.shape), operation.shape))
        throw new RangeError(`[${shape.join(', ')}] does not broadcast to [${operation.shape.join(', ')}]`);
      return [{ shape: operation.shape, dtype }];
    case 'Transpose':
      return [{ shape: operation.permutation.map((axis) => sizeAt(first, axis)), dtype }];
    case 'Concat': {
      const total = inputs.reduce((sum, input) => sum + sizeAt(input, operation.axis), 0);
      return [{ shape: shape.map((size, axis) => (axis === operation.axis ? total : size)), dtype }];
    }
    case 'Slice': {
      const { begin, size } = operation;
      const inside = (length: number, axis: number) => {
        const [start = -1, count = -1] = [begin[axis], size[axis]];
        return start >= 0 && count >= 0 && start + count <= length;
      };
      if (begin.length !== shape.length || size.length !== shape.length || !shape.every(inside))
        throw new RangeError(`[${shape.join(', ')}] has no [${size.join(', ')}] from [${begin.join(', ')}] on`);
      return [{ shape: size, dtype }];
    }
    case 'Pad':
      return [
        {
          shape: shape.map((size, axis) => size + (operation.before[axis] ?? 0) + (operation.after[axis] ?? 0)),
          dtype,
        },
      ];
    case 'Tile':
      return [{ shape: shape.map((size, axis) => size * (operation.repetitions[axis] ?? 1)), dtype }];
    case 'Gather': {
      const [x = first, indices = first] = inputsOf(operation, inputs, 2);
      const { axis } = operation;
      return [{ shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)], dtype }];
    }
    case 'OneHot':
      return [{ shape: [...shape, operation.depth], dtype: 'float32' }];
    case 'TopK': {
      const best = [...shape.slice(0, -1), operation.k];
      return [
        { shape: best, dtype },
        { shape: best, dtype: 'int32' },
      ];
    }
    case 'LayerNorm': {
      inputsOf(operation, inputs, 3);
      const statistic = { shape: [...shape.slice(0, -1), 1], dtype };
      return [{ shape, dtype }, statistic, statistic];
    }
    case 'LayerNormGradient': {
      inputsOf(operation, inputs, 5);
      const parameter = { shape: shape.slice(-1), dtype };
      return [{ shape, dtype }, parameter, parameter];
    }
    case 'MishGradient':
      inputsOf(operation, inputs, 2);
      return [{ shape, dtype }];
    case 'Adam':
      inputsOf(operation, inputs, 7);
      return [first, first, first].map(() => ({ shape, dtype }));
    case 'MovingAverage':
      inputsOf(operation, inputs, 3);
      return [{ shape, dtype }];
  }
}
