import { type Graph, type Node, type Value } from './graph.ts';
import { type OperationType } from './operations.ts';

/** How many nodes of each type a graph has, the most frequent first. */
export function countNodes(graph: Graph): Map<OperationType, number> {
  const counts = new Map<OperationType, number>();
  for (const { operation } of graph.nodes) counts.set(operation.type, (counts.get(operation.type) ?? 0) + 1);
  return new Map([...counts].sort(([a, many], [b, more]) => more - many || a.localeCompare(b)));
}

function nameOf(value: Value): string {
  const { source } = value;
  const type = `${value.dtype === 'float32' ? '' : value.dtype}[${value.shape.join(',')}]`;
  if (source.kind === 'input') return `${source.name}${type}`;
  if (source.kind === 'node') return `%${value.id}${type}`;
  return 'uniform' in source.data ? `${source.data.uniform}${type}` : `constant${type}`;
}

function printNode({ operation, inputs, outputs }: Node): string {
  const { type, ...attributes } = operation;
  const told = Object.entries(attributes).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const call = [type, ...told].join(' ');
  return `${outputs.map(nameOf).join(', ')} = ${call}(${inputs.map(nameOf).join(', ')})`;
}

/** The graph as text: a line for each node, then the outputs. */
export function printGraph(graph: Graph): string {
  const outputs = [...graph.outputs].map(([name, value]) => `${name} = ${nameOf(value)}`);
  return [`graph ${graph.name}`, ...graph.nodes.map(printNode), ...outputs, ''].join('\n');
}

/** The types whose number differs between two graphs, with both numbers: what a pass has done. */
export function compareCounts(before: Graph, after: Graph): Map<OperationType, { before: number; after: number }> {
  const [old, now] = [countNodes(before), countNodes(after)];
  const types = new Set([...old.keys(), ...now.keys()]);
  return new Map(
    [...types]
      .map((type) => [type, { before: old.get(type) ?? 0, after: now.get(type) ?? 0 }] as const)
      .filter(([, counts]) => counts.before !== counts.after),
  );
}
