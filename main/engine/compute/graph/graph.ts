import { type GraphDataType, type Operation } from './operations.ts';

/** What a constant holds: one number everywhere, or all of its values. */
export type ConstantData = { readonly uniform: number } | { readonly values: Float32Array | Int32Array | Uint8Array };

/** Where a value comes from. */
export type Source =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'constant'; readonly data: ConstantData }
  | { readonly kind: 'node'; readonly node: Node; readonly index: number };

/** A tensor of a graph: its shape is known, its numbers are not. */
export interface Value {
  /** Different for every value of one graph; a value is made before those that need it. */
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: GraphDataType;
  readonly source: Source;
}

/** One operation on values. */
export interface Node {
  readonly operation: Operation;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

/** A recorded program: nodes in an order in which they can run. */
export interface Graph {
  readonly name: string;
  readonly inputs: ReadonlyMap<string, Value>;
  readonly nodes: readonly Node[];
  readonly outputs: ReadonlyMap<string, Value>;
}

/** The node that makes a value, if one does. */
export function producerOf(value: Value): Node | undefined {
  return value.source.kind === 'node' ? value.source.node : undefined;
}

/** The one number that a constant holds everywhere; undefined for any other value. */
export function uniformOf(value: Value): number | undefined {
  if (value.source.kind !== 'constant') return undefined;
  return 'uniform' in value.source.data ? value.source.data.uniform : undefined;
}

/** How many nodes and outputs of the graph read each value. */
export function countUses(graph: Graph): ReadonlyMap<Value, number> {
  const uses = new Map<Value, number>();
  const add = (value: Value) => uses.set(value, (uses.get(value) ?? 0) + 1);
  for (const node of graph.nodes) node.inputs.forEach(add);
  for (const value of graph.outputs.values()) add(value);
  return uses;
}

/** The only output of a node. */
export function onlyOutput(node: Node): Value {
  const [output] = node.outputs;
  if (output === undefined || node.outputs.length !== 1)
    throw new RangeError(`${node.operation.type} has several outputs`);
  return output;
}
