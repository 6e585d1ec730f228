import { expect } from 'vitest';
import { GraphBuilder } from '../../../../../main/engine/compute/graph/builder.ts';
import { type Graph, type Value } from '../../../../../main/engine/compute/graph/graph.ts';
import { interpret } from '../../../../../main/engine/compute/graph/interpret.ts';
import { type OperationType } from '../../../../../main/engine/compute/graph/operations.ts';
import { countNodes } from '../../../../../main/engine/compute/graph/print.ts';
import { elementCount, type Tensor } from '../../../../../shared/tensor.ts';

/** Numbers from 0 to 1 that depend on the seed alone. */
export function randomNumbers(seed: number): () => number {
  let state = (seed * 2654435761 + 1) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A value for each input: float32 between -2 and 2, int32 from 0 below `integers`. */
export function randomInputs(graph: Graph, seed: number, integers = 3): Map<string, Tensor> {
  const random = randomNumbers(seed);
  const tensors = new Map<string, Tensor>();
  for (const [name, { shape, dtype }] of graph.inputs) {
    const count = elementCount(shape);
    if (dtype === 'float32')
      tensors.set(name, { dtype, shape, data: Float32Array.from({ length: count }, () => 4 * random() - 2) });
    else {
      const data = Int32Array.from({ length: count }, () => Math.floor(integers * random()));
      tensors.set(name, { dtype: 'int32', shape, data });
    }
  }
  return tensors;
}

/** A graph from what it computes. */
export function graphOf(make: (build: GraphBuilder) => Record<string, Value>): Graph {
  const build = new GraphBuilder();
  return build.graph('test', new Map(Object.entries(make(build))));
}

/** How many nodes a graph has, by type. */
export function counts(graph: Graph): Partial<Record<OperationType, number>> {
  return Object.fromEntries(countNodes(graph));
}

export interface Comparison {
  /** Greatest difference, relative to numbers over 1. 0: every bit. */
  tolerance?: number;
  integers?: number;
}

/** Both graphs compute the same from the same random inputs, and have the same inputs and types of outputs. */
export function expectSame(before: Graph, after: Graph, { tolerance = 0, integers = 3 }: Comparison = {}): void {
  const types = ({ inputs, outputs }: Graph) =>
    [...inputs, ...outputs].map(([name, { shape, dtype }]) => `${name} ${dtype}[${shape.join()}]`);
  expect(types(after)).toEqual(types(before));
  for (let seed = 1; seed <= 3; seed++) {
    const inputs = randomInputs(before, seed, integers);
    const [expected, got] = [interpret(before, inputs), interpret(after, inputs)];
    for (const [name, { data }] of expected) {
      const other = got.get(name)?.data ?? [];
      expect(other).toHaveLength(data.length);
      data.forEach((value: number | bigint, index: number) => {
        const [wanted, found] = [Number(value), Number(other[index])];
        const same = Number.isNaN(wanted) && Number.isNaN(found);
        const error = same || wanted === found ? 0 : Math.abs(found - wanted) / Math.max(1, Math.abs(wanted));
        expect(error, `${name}[${index}]: ${found}, not ${wanted}`).toBeLessThanOrEqual(tolerance);
      });
    }
  }
}

/** The graph is as it was but for the numbers of its values: a rule left it alone. */
export function expectUntouched(pass: (graph: Graph) => Graph, graph: Graph): void {
  const kinds = ({ nodes }: Graph) => nodes.map(({ operation }) => JSON.stringify(operation));
  expect(kinds(pass(graph))).toEqual(kinds(graph));
}
