import { elementCount } from '../../../../shared/tensor.ts';
import { type Graph, type Value } from '../graph/graph.ts';
import { numberKey, operationKey, type OperationType } from '../graph/operations.ts';
import { rewrite } from '../graph/rewrite.ts';

/** Constants of more values than this are not compared. */
const comparedValues = 65536;

/** Operations that give the same bits with their inputs exchanged. */
const commutative: ReadonlySet<OperationType> = new Set(['Add', 'Mul', 'LogicalAnd', 'LogicalOr']);

/** A text that is equal for equal constants; undefined for other values and big constants. */
function constantKey({ source, shape, dtype }: Value): string | undefined {
  if (source.kind !== 'constant') return undefined;
  const type = `${dtype}[${shape.join()}]`;
  if ('uniform' in source.data) return `${type}=${numberKey(source.data.uniform)}`;
  if (elementCount(shape) > comparedValues) return undefined;
  return `${type}=${Array.from(source.data.values, numberKey).join()}`;
}

/** Nodes that compute the same from the same become one, and so do equal constants. */
export function commonSubexpressions(graph: Graph): Graph {
  const constants = new Map<string, Value>();
  const results = new Map<string, readonly Value[]>();

  function shared(value: Value): Value {
    const key = constantKey(value);
    if (key === undefined) return value;
    const known = constants.get(key) ?? value;
    constants.set(key, known);
    return known;
  }

  return rewrite(graph, ({ operation, inputs }, { build }) => {
    const read = inputs.map(shared);
    const ids = read.map(({ id }) => id);
    if (commutative.has(operation.type)) ids.sort((a, b) => a - b);
    const key = `${operationKey(operation)}(${ids.join()})`;
    const outputs = results.get(key) ?? build.node(operation, read);
    results.set(key, outputs);
    return outputs;
  });
}
