import { elementCount } from '../../../../../shared/tensor.ts';
import { type GraphBuilder } from '../../graph/builder.ts';
import { type Node, producerOf, type Value } from '../../graph/graph.ts';
import { isArithmetic, isComparison, isUnary, type Operation, type OperationType } from '../../graph/operations.ts';
import { type Rule } from '../../graph/rewrite.ts';
import { outputTypes } from '../../graph/shapes.ts';
import { reshaped } from '../../graph/shaping.ts';

/** An operation on inputs. */
export type Call = Pick<Node, 'operation' | 'inputs'>;

/** A call of an operation of a certain type. */
export interface CallOf<Type extends OperationType> {
  readonly operation: Operation & { readonly type: Type };
  readonly inputs: readonly Value[];
}

export function isCallOf<Type extends OperationType>(call: Call, type: Type): call is CallOf<Type> {
  return call.operation.type === type;
}

/** The call whose first output a value is, if it is of that type. */
export function madeBy<Type extends OperationType>(value: Value | undefined, type: Type): CallOf<Type> | undefined {
  const node = value && producerOf(value);
  return node !== undefined && node.outputs[0] === value && isCallOf(node, type) ? node : undefined;
}

/** The first of these rules that applies. */
export function anyOf(...rules: readonly Rule[]): Rule {
  return (node, context) => {
    for (const rule of rules) {
      const results = rule(node, context);
      if (results !== undefined) return results;
    }
    return undefined;
  };
}

/** The shape of the first output. */
export function resultShape({ operation, inputs }: Call): readonly number[] {
  const [type] = outputTypes(operation, inputs);
  if (type === undefined) throw new RangeError(`${operation.type} has no output`);
  return type.shape;
}

/** Whether every entry of the result depends on the same entries of the inputs, broadcast, only. */
export function isElementwise(operation: Operation): boolean {
  if (isUnary(operation)) return operation.type !== 'Softmax' && operation.type !== 'LogSoftmax';
  if (isArithmetic(operation) || isComparison(operation)) return true;
  return ['LogicalNot', 'IsNan', 'Step', 'Clip', 'Cast', 'Select'].includes(operation.type);
}

/** `x` repeated to a shape that it broadcasts to. */
export function broadcasted(build: GraphBuilder, x: Value, shape: readonly number[]): Value {
  if (elementCount(x.shape) === elementCount(shape)) return reshaped(build, x, shape);
  return build.apply({ type: 'BroadcastTo', shape }, x);
}

/** Values one after the other along an axis. */
export function joined(build: GraphBuilder, parts: readonly Value[], axis: number): Value {
  const [only] = parts;
  return only !== undefined && parts.length === 1 ? only : build.apply({ type: 'Concat', axis }, ...parts);
}

/** The axis along which a slice takes a part and where that starts; undefined where it cuts several axes or none. */
export function cutOf({ operation, inputs: [x] }: CallOf<'Slice'>): { axis: number; start: number } | undefined {
  const cut = operation.size.flatMap((size, axis) => (size === x?.shape[axis] ? [] : [axis]));
  const [axis] = cut;
  return axis === undefined || cut.length > 1 ? undefined : { axis, start: operation.begin[axis] ?? 0 };
}
