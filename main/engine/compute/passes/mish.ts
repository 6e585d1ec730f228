import { type Graph } from '../graph/graph.ts';
import { rewrite } from '../graph/rewrite.ts';
import { any, constant, match, operation } from './pattern.ts';

/** Beyond this the exponential is cut off, see tdmpc2/layers. */
const limit = 20;

const y = any('y');
const e = operation('Exp', operation('Minimum', y, constant(limit)));
const numerator = operation('Mul', e, operation('Add', e, constant(2)));
const denominator = operation('Add', numerator, constant(2));
const tanh = operation('Div', numerator, denominator);
const mishPattern = operation('Mul', y, tanh);
const slope = operation(
  'Div',
  operation('Mul', operation('Mul', constant(4), e), operation('Add', e, constant(1))),
  operation('Square', denominator),
);
const gradientPattern = operation('Mul', any('dOut'), operation('Add', tanh, operation('Mul', y, slope)));

/** Mish, y tanh(softplus(y)), and its gradient become one node each, where they are written with a single exponential. */
export function fuseMish(graph: Graph): Graph {
  return rewrite(graph, (node, { build }) => {
    if (node.operation.type !== 'Mul') return undefined;
    const [product] = build.node(node.operation, node.inputs);
    if (product === undefined) return undefined;
    const forward = match(mishPattern, product);
    if (forward !== undefined) return [build.apply({ type: 'Mish' }, forward('y'))];
    const backward = match(gradientPattern, product);
    if (backward !== undefined) return [build.apply({ type: 'MishGradient' }, backward('y'), backward('dOut'))];
    return [product];
  });
}
