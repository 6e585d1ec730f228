import { isReduction } from '../../graph/operations.ts';
import { type Rule } from '../../graph/rewrite.ts';
import { reshaped } from '../../graph/shaping.ts';
import { anyOf, broadcasted, madeBy, resultShape } from './patterns.ts';

/** A sum, mean or extremum over axes of one entry. */
const ofOne: Rule = (call, { build }) => {
  const [x] = call.inputs;
  if (!isReduction(call.operation) || x === undefined) return undefined;
  if (call.operation.axes.some((axis) => x.shape[axis] !== 1)) return undefined;
  return [reshaped(build, x, resultShape(call))];
};

/** A reduction of a reduction of the same kind, which nobody else reads, goes over the axes of both. */
const twice: Rule = (call, { build, inputUses }) => {
  const { operation: outer, inputs } = call;
  if (!isReduction(outer) || inputUses(0) !== 1) return undefined;
  const made = madeBy(inputs[0], outer.type);
  const [x] = made?.inputs ?? [];
  if (made === undefined || x === undefined || !isReduction(made.operation)) return undefined;
  const inner = made.operation;
  const left = x.shape.flatMap((_, axis) => (inner.keepDims || !inner.axes.includes(axis) ? [axis] : []));
  const outerAxes = outer.axes.flatMap((axis) => left[axis] ?? []);
  const axes = [...new Set([...inner.axes, ...outerAxes])].sort((a, b) => a - b);
  const both = build.apply({ type: outer.type, axes, keepDims: inner.keepDims && outer.keepDims }, x);
  return [reshaped(build, both, resultShape(call))];
};

/** What is repeated along other axes is reduced before it is repeated. */
const ofRepeated: Rule = (call, { build }) => {
  const { operation, inputs } = call;
  const [wide] = inputs;
  const [x] = madeBy(wide, 'BroadcastTo')?.inputs ?? [];
  if (!isReduction(operation) || x === undefined || wide?.shape.length !== x.shape.length) return undefined;
  if (operation.axes.some((axis) => x.shape[axis] !== wide.shape[axis])) return undefined;
  return [broadcasted(build, build.apply(operation, x), resultShape(call))];
};

export const reductionRules = anyOf(ofOne, twice, ofRepeated);
