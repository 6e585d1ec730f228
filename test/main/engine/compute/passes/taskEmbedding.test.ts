import { expect, test } from 'vitest';
import { type GraphBuilder } from '../../../../../main/engine/compute/graph/builder.ts';
import { type Graph, type Value } from '../../../../../main/engine/compute/graph/graph.ts';
import { taskEmbedding } from '../../../../../main/engine/compute/passes/taskEmbedding.ts';
import { counts, expectSame, expectUntouched, graphOf } from './support.ts';
import { gradients, model, sizes, split, transposed } from './taskEmbeddingModel.ts';

const { rows, latent, embedding, action, outputs } = sizes;
const near = { tolerance: 1e-5 };

/** Multiplications of a graph's products: what the pass is there to save. */
function multiplications(graph: Graph): number {
  return graph.nodes
    .filter(({ operation }) => operation.type === 'MatMul')
    .reduce((total, { operation, inputs: [a], outputs: [product] }) => {
      const transposeA = operation.type === 'MatMul' && operation.transposeA;
      return total + (product?.shape[0] ?? 0) * (product?.shape[1] ?? 0) * (a?.shape[transposeA ? 0 : 1] ?? 0);
    }, 0);
}

test('the product with the embedding is made for each task, with the bias', () => {
  const before = graphOf((build) => {
    const { x, weight } = model(build);
    const product = build.apply({ type: 'MatMul', transposeA: false, transposeB: true }, x, weight);
    return { y: build.apply({ type: 'Add' }, build.input('bias', [outputs], 'float32'), product) };
  });
  const after = split(before);
  expect(multiplications(before)).toBe(rows * 11 * outputs);
  expect(multiplications(after)).toBe(rows * 6 * outputs + 3 * embedding * outputs);
  expect(
    after.nodes.filter(({ operation }) => operation.type === 'Add').map(({ outputs: [sum] }) => sum?.shape),
  ).toEqual([
    [3, outputs],
    [rows, outputs],
  ]);
  expectSame(before, after, near);
});

test('of one task, and of a state that all rows share, the product is made once, wherever it is needed', () => {
  const before = graphOf((build) => {
    const row = (name: string, width: number) =>
      build.apply({ type: 'Tile', repetitions: [rows, 1] }, build.input(name, [1, width], 'float32'));
    const [z, e] = [row('z', latent), row('e', embedding)];
    const weight = build.input('weight', [latent + embedding + action, outputs], 'float32');
    const bias = build.input('bias', [outputs], 'float32');
    const layer = (name: string) => {
      const x = build.apply({ type: 'Concat', axis: 1 }, z, e, build.input(name, [rows, action], 'float32'));
      const product = build.apply({ type: 'MatMul', transposeA: false, transposeB: false }, x, weight);
      return build.apply({ type: 'Add' }, product, bias);
    };
    return { first: layer('first'), second: layer('second') };
  });
  const after = split(before);
  expect(multiplications(after)).toBe(2 * rows * action * outputs + (latent + embedding) * outputs);
  expectSame(before, after, near);
});

test('nothing but equal rows gives equal rows', () => {
  const before = graphOf((build) => {
    const part = (name: string) =>
      build.apply({ type: 'BroadcastTo', shape: [rows, 2] }, build.input(name, [1, 2], 'float32'));
    const x = build.apply({ type: 'Concat', axis: 1 }, part('a'), part('b'));
    return { y: build.apply({ ...transposed, transposeA: false }, x, build.input('weight', [4, outputs], 'float32')) };
  });
  expect(multiplications(split(before))).toBe(4 * outputs);
  expectSame(before, split(before), near);
});

test('gradients of weight and table go by the sums over the rows of each task', () => {
  const before = graphOf((build) => gradients(build));
  const after = split(before);
  const forOne = rows * outputs * (6 + 3 + latent) + 2 * 3 * outputs * embedding;
  expect(multiplications(after)).toBe(2 * forOne);
  expect(counts(after).OneHot).toBe(1);
  expectSame(before, after, near);
});

test('a gradient that somebody reads as a whole is made as a whole', () => {
  const before = graphOf((build) => gradients(build, true));
  const after = split(before);
  const whole = after.nodes.filter(({ outputs: [value] }) => value?.shape.join() === `${rows},11`);
  expect(whole.map(({ operation }) => operation.type)).toEqual(['MatMul', 'MatMul', 'Add']);
  expectSame(before, after, near);
});

test('tables of more than half as many rows, joined rows and other lookups stay', () => {
  const product = { type: 'MatMul', transposeA: false, transposeB: true } as const;
  const untouched: ((build: GraphBuilder) => Value)[] = [
    (build) => {
      const { x, weight } = model(build, rows / 2 + 1);
      return build.apply(product, x, weight);
    },
    (build) => {
      const e = build.apply(
        { type: 'Gather', axis: 0 },
        build.input('table', [2, 4], 'float32'),
        build.input('tasks', [rows], 'int32'),
      );
      const x = build.apply({ type: 'Concat', axis: 0 }, e, build.input('z', [rows, 4], 'float32'));
      return build.apply(product, x, build.input('weight', [3, 4], 'float32'));
    },
    (build) => {
      const e = build.apply(
        { type: 'Gather', axis: 1 },
        build.input('table', [rows, 2], 'float32'),
        build.input('tasks', [rows], 'int32'),
      );
      const x = build.apply({ type: 'Concat', axis: 1 }, e, build.input('z', [rows, 4], 'float32'));
      return build.apply(product, x, build.input('weight', [3, rows + 4], 'float32'));
    },
    (build) => {
      const hot = build.apply({ type: 'OneHot', depth: 7 }, build.input('tasks', [rows], 'int32'));
      const dx = build.apply(
        product,
        build.input('dy', [rows, 4], 'float32'),
        build.input('weight', [3, 4], 'float32'),
      );
      return build.apply(transposed, hot, dx);
    },
  ];
  for (const make of untouched)
    expectUntouched(
      taskEmbedding,
      graphOf((build) => ({ y: make(build) })),
    );
});
