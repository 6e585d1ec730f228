import { type GraphBuilder } from '../../graph/builder.ts';
import { type Graph, type Node, onlyOutput, type Value } from '../../graph/graph.ts';
import { type Rule } from '../../graph/rewrite.ts';
import { sameShape } from '../../graph/shapes.ts';
import { slicedAlong } from '../../graph/shaping.ts';
import { type Call, cutOf, isCallOf, madeBy } from './patterns.ts';

function readersOf(graph: Graph): Map<Value, Node[]> {
  const readers = new Map<Value, Node[]>();
  for (const node of graph.nodes)
    for (const input of node.inputs) readers.set(input, [...(readers.get(input) ?? []), node]);
  return readers;
}

function cutsColumns(call: Call): boolean {
  return isCallOf(call, 'Slice') && cutOf(call)?.axis === 1;
}

/** A sum of values of one shape. */
function isPlainSum({ operation, inputs }: Call): boolean {
  const [a, b] = inputs;
  return operation.type === 'Add' && a !== undefined && b !== undefined && sameShape(a.shape, b.shape);
}

/** A product of rows. Gradients of weights are products of columns: dividing these again saves nothing. */
function isProductOfRows({ operation }: Call): boolean {
  return operation.type === 'MatMul' && !operation.transposeA;
}

/** Products of matrices, and sums of products, of which nobody reads more than some columns. */
export function valuesOnlySliced(graph: Graph): ReadonlySet<Value> {
  const readers = readersOf(graph);
  const outputs = new Set(graph.outputs.values());
  const cut = new Set<Value>();
  for (const node of [...graph.nodes].reverse()) {
    if (!isPlainSum(node) && !isProductOfRows(node)) continue;
    const value = onlyOutput(node);
    const reading = readers.get(value) ?? [];
    const all = reading.every((reader) => cutsColumns(reader) || (isPlainSum(reader) && cut.has(onlyOutput(reader))));
    if (all && value.shape.length === 2 && !outputs.has(value)) cut.add(value);
  }
  for (const node of graph.nodes)
    if (isPlainSum(node) && node.inputs.some((input) => !cut.has(input))) cut.delete(onlyOutput(node));
  return cut;
}

/** Columns of a product of matrices, or of a sum of such products, from the columns of the second factors. */
function columnsOfProduct(build: GraphBuilder, value: Value, start: number, length: number): Value | undefined {
  const product = madeBy(value, 'MatMul');
  const [a, b] = product?.inputs ?? [];
  if (product !== undefined && isProductOfRows(product) && a !== undefined && b?.shape.length === 2) {
    const part = slicedAlong(build, b, product.operation.transposeB ? 0 : 1, start, length);
    return build.apply(product.operation, a, part);
  }
  const terms = madeBy(value, 'Add')?.inputs ?? [];
  const parts = terms.map((term) => columnsOfProduct(build, term, start, length)).filter((part) => part !== undefined);
  return parts.length === 2 ? build.apply({ type: 'Add' }, ...parts) : undefined;
}

/** Slices of products that are read by slices only. @param onlySliced values of the graph that is rewritten. */
export function sliceOfProduct(onlySliced: ReadonlySet<Value>): Rule {
  return (call, { build, original }) => {
    const [source] = original.inputs;
    const [value] = call.inputs;
    if (source === undefined || value === undefined || !onlySliced.has(source)) return undefined;
    const cut = isCallOf(call, 'Slice') ? cutOf(call) : undefined;
    if (cut?.axis !== 1 || !isCallOf(call, 'Slice')) return undefined;
    const part = columnsOfProduct(build, value, cut.start, call.operation.size[1] ?? 0);
    return part && [part];
  };
}
