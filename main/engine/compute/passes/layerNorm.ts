import { type Graph, uniformOf, type Value } from '../graph/graph.ts';
import { rewrite } from '../graph/rewrite.ts';
import { sameShape } from '../graph/shapes.ts';
import { any, match, meanOfRows, named, operation, type Pattern } from './pattern.ts';

const x = any('x');
const centred = operation('Sub', x, meanOfRows(x));
const variance = meanOfRows(operation('Square', centred));
const deviation = named('deviation', operation('Rsqrt', operation('Add', variance, any('epsilon'))));
const normal = named('normal', operation('Mul', centred, deviation));
const forwardPattern = operation('Add', operation('Mul', normal, any('gain')), any('shift'));

const slope: Pattern = operation('Mul', any('dy'), any('gain'));
const along = operation('Mul', any('normal'), meanOfRows(operation('Mul', slope, any('normal'))));
const gradientPattern = operation(
  'Mul',
  any('deviation'),
  operation('Sub', operation('Sub', slope, meanOfRows(slope)), along),
);
const gainPattern = operation('Mul', any('dy'), any('normal'));

/** A fused norm, by the normalised values that it replaces. */
interface Fused {
  x: Value;
  mean: Value;
  deviation: Value;
  /** The inverse deviation that is replaced. */
  replaced: Value;
}

/** Whether a value has an entry for each feature of the rows, and nothing else. */
function isOfFeatures(value: Value, rows: Value): boolean {
  return sameShape(value.shape, rows.shape.slice(-1));
}

/**
 * A LayerNorm over the last axis, and the gradients of its input and its gain, become one node each. The normalised values are not
 * kept: the gradient makes them from the input again.
 */
export function fuseLayerNorm(graph: Graph): Graph {
  const fused = new Map<Value, Fused>();
  /** Gradients of the gain, by normalised values and gradient of the output. */
  const gainGradients = new Map<Value, Map<Value, Value>>();
  return rewrite(graph, (node, { build }) => {
    const { type } = node.operation;
    if (type === 'Sum' && !node.operation.keepDims)
      return sumOfGain(node.inputs[0], gainGradients, node.operation.axes);
    if (type !== 'Add' && type !== 'Mul') return undefined;
    const [result] = build.node(node.operation, node.inputs);
    if (result === undefined) return undefined;
    if (type === 'Add') {
      const found = match(forwardPattern, result);
      const epsilon = found === undefined ? undefined : uniformOf(found('epsilon'));
      if (found === undefined || epsilon === undefined) return [result];
      const inputs = [found('x'), found('gain'), found('shift')] as const;
      const [rows, gain, shift] = inputs;
      // An epsilon of some shape could repeat the rows.
      if (!isOfFeatures(gain, rows) || !isOfFeatures(shift, rows) || !sameShape(result.shape, rows.shape))
        return [result];
      const [y = result, mean = result, inverse = result] = build.node({ type: 'LayerNorm', epsilon }, inputs);
      fused.set(found('normal'), { x: rows, mean, deviation: inverse, replaced: found('deviation') });
      return [y];
    }
    const found = match(gradientPattern, result);
    const norm = found === undefined ? undefined : fused.get(found('normal'));
    if (found === undefined || norm === undefined || found('deviation') !== norm.replaced) return [result];
    const [dy, gain] = [found('dy'), found('gain')];
    if (!isOfFeatures(gain, norm.x) || !sameShape(dy.shape, norm.x.shape)) return [result];
    const inputs = [dy, norm.x, norm.mean, norm.deviation, gain];
    const [dx = result, dGain = result] = build.node({ type: 'LayerNormGradient' }, inputs);
    const byGradient = gainGradients.get(found('normal')) ?? new Map<Value, Value>();
    gainGradients.set(found('normal'), byGradient.set(dy, dGain));
    return [dx];
  });
}

/** The gradient of the gain, where a sum over all rows is that of a fused norm. */
function sumOfGain(
  summed: Value | undefined,
  gradients: ReadonlyMap<Value, ReadonlyMap<Value, Value>>,
  axes: readonly number[],
): readonly Value[] | undefined {
  if (summed === undefined || axes.length !== summed.shape.length - 1 || axes.includes(axes.length)) return undefined;
  const found = match(gainPattern, summed);
  if (found === undefined) return undefined;
  const [dy, normals] = [found('dy'), found('normal')];
  const gradient = gradients.get(normals)?.get(dy) ?? gradients.get(dy)?.get(normals);
  return gradient === undefined ? undefined : [gradient];
}
