import { expect, test } from 'vitest';
import { compareCounts, countNodes, printGraph } from '../../../../../main/engine/compute/graph/print.ts';
import { graphOf } from '../passes/support.ts';

const graph = graphOf((build) => {
  const x = build.input('x', [2, 3], 'float32');
  const indices = build.input('indices', [2], 'int32');
  const sum = build.apply({ type: 'Sum', axes: [1], keepDims: false }, x);
  const shifted = build.apply({ type: 'Add' }, sum, build.uniform(0.5, []));
  const scaled = build.apply({ type: 'Mul' }, shifted, build.constant([1, 2], [2]));
  const [values, places] = build.node({ type: 'TopK', k: 1 }, [scaled]);
  if (values === undefined || places === undefined) throw new Error('TopK has two outputs');
  return { best: values, chosen: build.apply({ type: 'Equal' }, indices, places) };
});

test('a graph is printed as a line for each node, with shapes, dtypes, attributes and constants', () => {
  expect(printGraph(graph)).toBe(
    [
      'graph test',
      '%2[2] = Sum axes=[1] keepDims=false(x[2,3])',
      '%4[2] = Add(%2[2], 0.5[])',
      '%6[2] = Mul(%4[2], constant[2])',
      '%7[1], %8int32[1] = TopK k=1(%6[2])',
      '%9bool[2] = Equal(indicesint32[2], %8int32[1])',
      'best = %7[1]',
      'chosen = %9bool[2]',
      '',
    ].join('\n'),
  );
});

test('nodes are counted by type, the most frequent first, and graphs compared by what differs', () => {
  const other = graphOf((build) => {
    const x = build.input('x', [2], 'float32');
    const twice = build.apply({ type: 'Add' }, x, x);
    return { y: build.apply({ type: 'Neg' }, build.apply({ type: 'Add' }, twice, x)) };
  });
  expect([...countNodes(other)]).toEqual([
    ['Add', 2],
    ['Neg', 1],
  ]);
  expect(Object.fromEntries(compareCounts(graph, other))).toEqual({
    Add: { before: 1, after: 2 },
    Equal: { before: 1, after: 0 },
    Mul: { before: 1, after: 0 },
    Neg: { before: 0, after: 1 },
    Sum: { before: 1, after: 0 },
    TopK: { before: 1, after: 0 },
  });
  expect(compareCounts(graph, graph).size).toBe(0);
});
