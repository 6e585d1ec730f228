import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../../../../../main/engine/compute/graph/builder.ts';
import { type Value } from '../../../../../main/engine/compute/graph/graph.ts';
import { type Operation } from '../../../../../main/engine/compute/graph/operations.ts';
import { broadcastShapes, outputTypes } from '../../../../../main/engine/compute/graph/shapes.ts';

function values(...shapes: readonly (readonly number[])[]): Value[] {
  const build = new GraphBuilder();
  return shapes.map((shape, index) => build.input(`x${index}`, shape, 'float32'));
}

test('shapes broadcast from the back, as numpy has it', () => {
  expect(broadcastShapes([4, 1, 3], [2, 1])).toEqual([4, 2, 3]);
  expect(broadcastShapes([], [5])).toEqual([5]);
  expect(() => broadcastShapes([2, 3], [2])).toThrow('[2, 3] and [2] do not broadcast');
});

const multiplied = { type: 'MatMul', transposeA: false, transposeB: true } as const;

// What interpretation shows anyway is compared with eager results, kernel by kernel; these have no kernel.
const fused: [Operation, number[][], number[][]][] = [
  [{ ...multiplied, type: 'Linear' }, [[4, 3], [5, 3], [5]], [[4, 5]]],
  [
    { type: 'LayerNorm', epsilon: 1e-5 },
    [[2, 4, 3], [3], [3]],
    [
      [2, 4, 3],
      [2, 4, 1],
      [2, 4, 1],
    ],
  ],
  [{ type: 'LayerNormGradient' }, [[4, 3], [4, 3], [4, 1], [4, 1], [3]], [[4, 3], [3], [3]]],
  [
    { type: 'MishGradient' },
    [
      [4, 3],
      [4, 3],
    ],
    [[4, 3]],
  ],
];

test.each(fused)('$type of several values', (operation, shapes, expected) => {
  expect(outputTypes(operation, values(...shapes)).map(({ shape }) => shape)).toEqual(expected);
});

describe('inputs that do not fit are refused', () => {
  const refused: [string, Operation, number[][]][] = [
    ['a sum of one', { type: 'Add' }, [[2]]],
    ['an exponential of two', { type: 'Exp' }, [[2], [2]]],
    [
      'a product of unequal inner sizes',
      multiplied,
      [
        [2, 3],
        [3, 2],
      ],
    ],
    [
      'products of unequal stacks',
      multiplied,
      [
        [2, 4, 3],
        [3, 4, 3],
      ],
    ],
    ['a bias for columns', { ...multiplied, type: 'Linear' }, [[4, 3], [5, 3], [4]]],
    ['another number of entries', { type: 'Reshape', shape: [5] }, [[2, 3]]],
    ['broadcasting to less', { type: 'BroadcastTo', shape: [1, 3] }, [[2, 3]]],
    ['an axis that is not there', { type: 'Transpose', permutation: [0, 2] }, [[2, 3]]],
    ['a slice over the end', { type: 'Slice', begin: [1, 0], size: [2, 3] }, [[2, 3]]],
    ['a slice from before the start', { type: 'Slice', begin: [-1, 0], size: [1, 3] }, [[2, 3]]],
    ['a slice of fewer axes', { type: 'Slice', begin: [0], size: [1] }, [[2, 3]]],
    ['nothing', { type: 'Concat', axis: 0 }, []],
  ];
  test.each(refused)('%s', (_, operation, shapes) => {
    expect(() => outputTypes(operation, values(...shapes))).toThrow(RangeError);
  });

  test('numbers of different dtypes', () => {
    const build = new GraphBuilder();
    const inputs = [build.input('x', [2], 'float32'), build.input('y', [2], 'int32')];
    expect(() => outputTypes({ type: 'Mul' }, inputs)).toThrow('Mul of float32 and int32');
  });
});
