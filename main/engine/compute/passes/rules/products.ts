import { type Value } from '../../graph/graph.ts';
import { type Rule } from '../../graph/rewrite.ts';
import { isCallOf, madeBy } from './patterns.ts';

/** What a transpose of the last two axes was made from. */
function untransposed(value: Value): Value | undefined {
  const transpose = madeBy(value, 'Transpose');
  if (transpose === undefined) return undefined;
  const { permutation } = transpose.operation;
  const rank = permutation.length;
  const swap = (axis: number) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis);
  return permutation.every((axis, place) => axis === swap(place)) ? transpose.inputs[0] : undefined;
}

/** A product reads a matrix either way. */
export const productRules: Rule = (call, { build }) => {
  const [a, b] = call.inputs;
  if (!isCallOf(call, 'MatMul') || a === undefined || b === undefined) return undefined;
  const [left, right] = [untransposed(a), untransposed(b)];
  if (left === undefined && right === undefined) return undefined;
  const { transposeA, transposeB } = call.operation;
  return build.node(
    {
      type: 'MatMul',
      transposeA: left === undefined ? transposeA : !transposeA,
      transposeB: right === undefined ? transposeB : !transposeB,
    },
    [left ?? a, right ?? b],
  );
};
