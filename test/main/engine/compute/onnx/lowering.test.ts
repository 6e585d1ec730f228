import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { type GraphBuilder } from '../../../../../main/engine/compute/graph/builder.ts';
import { type Value } from '../../../../../main/engine/compute/graph/graph.ts';
import { interpret } from '../../../../../main/engine/compute/graph/interpret.ts';
import { floatTensor } from '../../../../../shared/tensor.ts';
import { graphOf } from '../passes/support.ts';
import { expectWithin, runOnnx } from './support.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const x = floatTensor([2, 1], Float32Array.of(-1, 3));

/** Whatever is done to the result of an operation on uniform constants sees its whole shape. */
const cases: [string, (build: GraphBuilder, x: Value) => Value][] = [
  ['a sum of two', (build) => build.apply({ type: 'Add' }, build.uniform(2, [2, 3]), build.uniform(5, [2, 3]))],
  [
    'a product that one of two gives its shape',
    (build) => build.apply({ type: 'Mul' }, build.uniform(2, [2, 1]), build.uniform(5, [1, 3])),
  ],
  [
    'a choice between two by a column',
    (build, column) => {
      const positive = build.apply({ type: 'Greater' }, column, build.uniform(0, []));
      return build.apply({ type: 'Select' }, positive, build.uniform(2, [2, 3]), build.uniform(5, [2, 3]));
    },
  ],
  ['a sum that widens a column', (build, column) => build.apply({ type: 'Add' }, column, build.uniform(2, [2, 3]))],
  ['a sum with a column', (build, column) => build.apply({ type: 'Add' }, column, build.uniform(2, [2, 1]))],
];

test.each(cases)('%s', async (_, make) => {
  const graph = graphOf((build) => {
    const column = build.input('x', [2, 1], 'float32');
    const y = make(build, column);
    return { joined: build.apply({ type: 'Concat', axis: 1 }, y, y), of: build.apply({ type: 'Neg' }, column) };
  });
  const inputs = new Map([['x', x]]);
  expect((await runOnnx(graph, inputs)).get('joined')).toEqual(interpret(graph, inputs).get('joined')?.data);
});

test.each(['Max', 'Min', 'Sum', 'Mean'] as const)('%s of what holds a NaN anywhere is one', async (type) => {
  const numbers = Float32Array.of(1, NaN, 2, NaN, 1, 5, 3, -2, Infinity, -1, 0, 7);
  for (const keepDims of [true, false])
    for (const axes of [[0], [1], [0, 1]]) {
      const graph = graphOf((build) => ({
        y: build.apply({ type, axes, keepDims }, build.input('x', [4, 3], 'float32')),
      }));
      const inputs = new Map([['x', floatTensor([4, 3], numbers)]]);
      const wanted = Float32Array.from(interpret(graph, inputs).get('y')?.data ?? [], Number);
      expectWithin((await runOnnx(graph, inputs)).get('y'), wanted, 1e-6, `over ${axes.join()}`);
    }
});

test('rows of a single class', async () => {
  const graph = graphOf((build) => ({
    hot: build.apply({ type: 'OneHot', depth: 1 }, build.input('x', [3], 'int32')),
  }));
  const inputs = new Map([['x', { dtype: 'int32' as const, shape: [3], data: Int32Array.of(0, 1, -1) }]]);
  expect(interpret(graph, inputs).get('hot')).toEqual(floatTensor([3, 1], Float32Array.of(1, 0, 0)));
  expect((await runOnnx(graph, inputs)).get('hot')).toEqual(Float32Array.of(1, 0, 0));
});
