import { expect, test } from 'vitest';
import { rewrite } from '../../../../../main/engine/compute/graph/rewrite.ts';
import { counts, expectSame, graphOf } from '../passes/support.ts';

const graph = graphOf((build) => {
  const x = build.input('x', [3], 'float32');
  build.input('unread', [1], 'int32');
  const y = build.apply({ type: 'Exp' }, x);
  const z = build.apply({ type: 'Mul' }, y, build.uniform(2, []));
  return { z, sum: build.apply({ type: 'Add' }, z, y), constant: build.uniform(3, [2]) };
});

test('without a rule that applies the graph is the same, inputs and constants included', () => {
  const after = rewrite(graph, () => undefined);
  expect(counts(after)).toEqual(counts(graph));
  expectSame(graph, after);
  const ids = after.nodes.flatMap(({ inputs, outputs }) => [...inputs, ...outputs].map(({ id }) => id));
  expect(ids.every(Number.isInteger)).toBe(true);
  expect(
    after.nodes
      .flatMap(({ outputs }) => outputs)
      .some((value) => graph.nodes.some(({ outputs }) => outputs.includes(value))),
  ).toBe(false);
});

test('a rule sees replaced inputs, the original, and how often it and its inputs are read', () => {
  const seen: string[] = [];
  const after = rewrite(graph, ({ operation, inputs }, { build, uses, inputUses, original }) => {
    const kinds = inputs.map(({ source }) => (source.kind === 'node' ? source.node.operation.type : source.kind));
    const reads = original.inputs.map((_, index) => inputUses(index));
    seen.push(`${operation.type}(${kinds.join()}) of ${reads.join()} read ${uses(0)}`);
    return operation.type === 'Mul' && inputs[0] !== undefined
      ? build.node({ type: 'Square' }, [inputs[0]])
      : undefined;
  });
  expect(seen).toEqual(['Exp(input) of 1 read 2', 'Mul(Exp,constant) of 2,1 read 2', 'Add(Square,Exp) of 2,2 read 1']);
  expect(counts(after)).toEqual({ Exp: 1, Square: 1, Add: 1 });
});

test('a rule that leaves an output without a replacement is an error', () => {
  expect(() => rewrite(graph, () => [])).toThrow('left out output 0 of Exp');
});
