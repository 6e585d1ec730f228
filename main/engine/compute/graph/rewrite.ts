import { GraphBuilder } from './builder.ts';
import { countUses, type Graph, type Node, type Value } from './graph.ts';

/** What a rule is shown of the graph that is being rewritten. */
export interface RewriteContext {
  build: GraphBuilder;
  /** How many nodes and outputs read an output of the original node. */
  uses: (index: number) => number;
  /** The same for what the original node reads: 1 where it is the only reader of that input. */
  inputUses: (index: number) => number;
  /** The node as it is in the graph that is being rewritten. */
  original: Node;
}

/**
 * What a node becomes: its replacements, one for each output, or undefined to keep it. The node's inputs belong to the new graph
 * already, so that a rule can follow them up to what they are made from.
 */
export type Rule = (node: Pick<Node, 'operation' | 'inputs'>, context: RewriteContext) => readonly Value[] | undefined;

/** A new graph, node by node from the old one. Inputs and outputs keep their names. */
export function rewrite(graph: Graph, rule: Rule): Graph {
  const build = new GraphBuilder();
  const uses = countUses(graph);
  const replaced = new Map<Value, Value>();
  for (const [name, input] of graph.inputs) replaced.set(input, build.input(name, input.shape, input.dtype));

  function replacement(value: Value): Value {
    let result = replaced.get(value);
    if (result === undefined) {
      result = build.copyConstant(value);
      if (result === undefined) throw new Error(`a value of ${graph.name} is read before it is made`);
      replaced.set(value, result);
    }
    return result;
  }

  for (const node of graph.nodes) {
    const inputs = node.inputs.map(replacement);
    const usesOf = (index: number) => {
      const output = node.outputs[index];
      return output === undefined ? 0 : (uses.get(output) ?? 0);
    };
    const inputUses = (index: number) => {
      const input = node.inputs[index];
      return input === undefined ? 0 : (uses.get(input) ?? 0);
    };
    const context = { build, uses: usesOf, inputUses, original: node };
    const results = rule({ operation: node.operation, inputs }, context) ?? build.node(node.operation, inputs);
    node.outputs.forEach((output, index) => {
      const result = results[index];
      if (result === undefined) throw new Error(`a rule left out output ${index} of ${node.operation.type}`);
      replaced.set(output, result);
    });
  }
  return build.graph(graph.name, new Map([...graph.outputs].map(([name, value]) => [name, replacement(value)])));
}
