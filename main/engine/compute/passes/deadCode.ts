import { type Graph, type Node, producerOf } from '../graph/graph.ts';

/** The graph without the nodes that no output depends on. Inputs stay, needed or not. */
export function deadCode(graph: Graph): Graph {
  const needed = new Set<Node>();
  const open = [...graph.outputs.values()];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    const node = producerOf(value);
    if (node === undefined || needed.has(node)) continue;
    needed.add(node);
    open.push(...node.inputs);
  }
  return { ...graph, nodes: graph.nodes.filter((node) => needed.has(node)) };
}
