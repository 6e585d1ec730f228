import { uniformOf, type Value } from '../../graph/graph.ts';
import { type OperationType } from '../../graph/operations.ts';
import { type Rule } from '../../graph/rewrite.ts';
import { anyOf, broadcasted, isCallOf, isElementwise, madeBy, resultShape } from './patterns.ts';

/** An input without the repetition that elementwise operations bring about themselves. */
function unrepeated(value: Value, scalar: (number: number) => Value): Value {
  const number = uniformOf(value);
  if (number !== undefined) return value.shape.length === 0 ? value : scalar(number);
  const [small] = (madeBy(value, 'BroadcastTo') ?? madeBy(value, 'Reshape'))?.inputs ?? [];
  const repeats = small !== undefined && (small.shape.length === 0 || madeBy(value, 'BroadcastTo') !== undefined);
  return repeats ? unrepeated(small, scalar) : value;
}

/** Elementwise operations take inputs before they are broadcast, constants as scalars; what is missing is broadcast afterwards. */
const withoutBroadcast: Rule = (call, { build }) => {
  const { operation, inputs } = call;
  if (!isElementwise(operation) || inputs.every(({ source }) => source.kind === 'constant')) return undefined;
  const small = inputs.map((input) => unrepeated(input, (number) => build.uniform(number, [], input.dtype)));
  if (small.every((input, index) => input === inputs[index])) return undefined;
  return [broadcasted(build, build.apply(operation, ...small), resultShape(call))];
};

/** What leaves the other operand as it is: on either side, or on the right only. */
const neutralNumbers: ReadonlyMap<OperationType, { number: number; eitherSide: boolean }> = new Map([
  ['Add', { number: 0, eitherSide: true }],
  ['Mul', { number: 1, eitherSide: true }],
  ['Sub', { number: 0, eitherSide: false }],
  ['Div', { number: 1, eitherSide: false }],
]);

/** x + 0, x - 0, x * 1, x / 1. The sign of a zero may be lost. */
const neutral: Rule = (call, { build }) => {
  const [a, b] = call.inputs;
  const rule = neutralNumbers.get(call.operation.type);
  if (rule === undefined || a === undefined || b === undefined) return undefined;
  if (uniformOf(b) === rule.number) return [broadcasted(build, a, resultShape(call))];
  return rule.eitherSide && uniformOf(a) === rule.number ? [broadcasted(build, b, resultShape(call))] : undefined;
};

/** -(-x), x + (-y). */
const opposites: Rule = (call, { build }) => {
  const [a, b] = call.inputs;
  if (isCallOf(call, 'Neg')) return madeBy(a, 'Neg')?.inputs;
  if (!isCallOf(call, 'Add') || a === undefined || b === undefined) return undefined;
  const [left, right] = [madeBy(a, 'Neg')?.inputs[0], madeBy(b, 'Neg')?.inputs[0]];
  if (right !== undefined) return build.node({ type: 'Sub' }, [a, right]);
  return left && build.node({ type: 'Sub' }, [b, left]);
};

export const arithmeticRules = anyOf(neutral, opposites, withoutBroadcast);
