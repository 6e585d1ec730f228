import { type Graph, type Value } from '../graph/graph.ts';
import { operationKey } from '../graph/operations.ts';
import { commonSubexpressions } from './commonSubexpressions.ts';
import { constants } from './constants.ts';
import { deadCode } from './deadCode.ts';
import { identities } from './identities.ts';
import { fuseLayerNorm } from './layerNorm.ts';
import { linear } from './linear.ts';
import { fuseMish } from './mish.ts';
import { taskEmbedding } from './taskEmbedding.ts';

export type Pass = (graph: Graph) => Graph;

/** Rounds of simplification at most: each can make room for the next, few are needed. */
const mostRounds = 12;

/** A text that changes whenever a pass has done anything but renumber values. */
function fingerprint(graph: Graph): string {
  const names = new Map<Value, string>();
  for (const [name, value] of graph.inputs) names.set(value, name);
  const nameOf = (value: Value) => names.get(value) ?? `constant[${value.shape.join()}]`;
  const lines = graph.nodes.map(({ operation, inputs, outputs }, line) => {
    outputs.forEach((value, index) => names.set(value, `${line}:${index}`));
    return `${operationKey(operation)}(${inputs.map(nameOf).join(';')})`;
  });
  return [...lines, ...[...graph.outputs.values()].map(nameOf)].join('\n');
}

/** All passes in order. */
function inOrder(...passes: readonly Pass[]): Pass {
  return (graph) => passes.reduce((current, pass) => pass(current), graph);
}

/** Again and again until nothing changes. */
function untilStable(pass: Pass): Pass {
  return (graph) => {
    let current = graph;
    let before = fingerprint(current);
    for (let round = 0; round < mostRounds; round++) {
      current = pass(current);
      const after = fingerprint(current);
      if (after === before) break;
      before = after;
    }
    return current;
  };
}

/** The passes that any graph gains from. */
export const simplify = inOrder(deadCode, untilStable(inOrder(constants, identities, commonSubexpressions, deadCode)));

/** Fusions come first: they know the formulas as they are written, which simplifying changes. */
const fuseThenSimplify = inOrder(deadCode, commonSubexpressions, fuseLayerNorm, fuseMish, simplify);

/** A recorded program as it is lowered: the same results from fewer, bigger operations. */
export const optimise = inOrder(fuseThenSimplify, taskEmbedding, simplify, linear, deadCode);
