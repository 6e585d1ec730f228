import { expect, test } from 'vitest';
import { GraphBuilder } from '../../../../../main/engine/compute/graph/builder.ts';
import { countUses, onlyOutput, producerOf, uniformOf } from '../../../../../main/engine/compute/graph/graph.ts';

test('constants are stored as their dtype stores them, and as one number where they are', () => {
  const build = new GraphBuilder();
  expect(uniformOf(build.uniform(0.1, [2]))).toBe(Math.fround(0.1));
  expect(uniformOf(build.constant([7, 7], [2], 'int32'))).toBe(7);
  expect(uniformOf(build.constant([0, -0], [2]))).toBeUndefined();
  expect(uniformOf(build.constant([2, 0.5], [2], 'bool'))).toBe(1);
  expect(uniformOf(build.constant([NaN, NaN], [2]))).toBeNaN();
  expect(() => build.constant([1, 2], [3])).toThrow('[3] does not hold 2 values');
});

test('values know what makes them, and are counted where they are read', () => {
  const build = new GraphBuilder();
  const x = build.input('x', [2], 'float32');
  expect(() => build.input('x', [2], 'float32')).toThrow('there is an input x already');
  const y = build.apply({ type: 'Mul' }, x, x);
  const graph = build.graph('test', new Map([['y', y]]));
  const [node] = graph.nodes;
  expect([producerOf(x), producerOf(y)]).toEqual([undefined, node]);
  expect([x, y].map((value) => countUses(graph).get(value))).toEqual([2, 1]);
  expect(node && onlyOutput(node)).toBe(y);
  const [topK] = build.node({ type: 'TopK', k: 1 }, [x]);
  const several = topK && producerOf(topK);
  expect(() => several && onlyOutput(several)).toThrow('TopK has several outputs');
});
