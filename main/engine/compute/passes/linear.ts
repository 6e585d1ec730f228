import { type Graph, type Value } from '../graph/graph.ts';
import { rewrite } from '../graph/rewrite.ts';
import { sameShape } from '../graph/shapes.ts';
import { isCallOf, madeBy } from './rules/patterns.ts';

/** Whether a value is what is added to the rows of a product: one row for all, or one for each. */
function isBias(value: Value, product: Value): boolean {
  const [rows = 0, outputs = 0] = product.shape;
  return [[outputs], [1, outputs], [rows, outputs]].some((shape) => sameShape(shape, value.shape));
}

/** A product of matrices that only a sum reads, and the sum, become one operation. */
export function linear(graph: Graph): Graph {
  return rewrite(graph, (call, { build, inputUses }) => {
    if (!isCallOf(call, 'Add')) return undefined;
    // The product made last of two: what it is added to is there by then.
    const sides = [0, 1].sort((a, b) => (call.inputs[b]?.id ?? 0) - (call.inputs[a]?.id ?? 0));
    for (const side of sides) {
      const [product, bias] = [call.inputs[side], call.inputs[1 - side]];
      const matMul = madeBy(product, 'MatMul');
      if (product === undefined || bias === undefined || matMul === undefined || inputUses(side) !== 1) continue;
      if (product.shape.length !== 2 || !isBias(bias, product)) continue;
      return build.node({ ...matMul.operation, type: 'Linear' }, [...matMul.inputs, bias]);
    }
    return undefined;
  });
}
