import { expect, test } from 'vitest';
import { type Graph, uniformOf } from '../../../../../main/engine/compute/graph/graph.ts';
import { constants } from '../../../../../main/engine/compute/passes/constants.ts';
import { deadCode } from '../../../../../main/engine/compute/passes/deadCode.ts';
import { counts, expectSame, expectUntouched, graphOf } from './support.ts';

function outputOf(graph: Graph) {
  const value = graph.outputs.get('y');
  if (value === undefined) throw new Error('there is no y');
  return value;
}

test('nodes on constants become constants, as TF.js rounds them', () => {
  const before = graphOf((build) => {
    const x = build.input('x', [2, 3], 'float32');
    const a = build.constant([0.1, 0.2, 0.3], [3]);
    const scaled = build.apply({ type: 'Mul' }, a, build.uniform(0.7, []));
    const chosen = build.apply({ type: 'Gather', axis: 0 }, scaled, build.constant([2, 0, 1], [3], 'int32'));
    const logical = build.apply({ type: 'Greater' }, chosen, build.uniform(0.1, []));
    const mask = build.apply({ type: 'Cast', dtype: 'float32' }, logical);
    const whole = build.apply({ type: 'Cast', dtype: 'int32' }, build.constant([-1.5, 1.5, 7], [3]));
    const integers = build.apply({ type: 'Cast', dtype: 'float32' }, whole);
    const row = build.apply({ type: 'Add' }, build.apply({ type: 'Mul' }, mask, chosen), integers);
    return { y: build.apply({ type: 'Add' }, x, row) };
  });
  const after = constants(before);
  expect(counts(after)).toEqual({ Add: 1 });
  expectSame(before, after);
});

test('one number everywhere stays one number, however great its shape', () => {
  const before = graphOf((build) => {
    const ones = build.uniform(1, [1000, 1000, 1000]);
    const seconds = build.apply({ type: 'Add' }, ones, build.uniform(1, [1000]));
    const part = build.apply({ type: 'Slice', begin: [0, 0, 0], size: [1, 1, 2] }, seconds);
    return { y: build.apply({ type: 'Reshape', shape: [2] }, part) };
  });
  const after = constants(before);
  expect(after.nodes).toHaveLength(0);
  expect(uniformOf(outputOf(after))).toBe(2);
});

test('a lookup in one number everywhere is that number, whatever the indices', () => {
  const before = graphOf((build) => {
    const indices = build.input('indices', [4], 'int32');
    return { y: build.apply({ type: 'Gather', axis: 0 }, build.uniform(6, [30, 1]), indices) };
  });
  expect(counts(constants(before))).toEqual({});
  expectSame(before, constants(before));
});

test('what depends on an input or is big is left to the program', () => {
  expectUntouched(
    constants,
    graphOf((build) => {
      const indices = build.input('indices', [4], 'int32');
      const big = Array.from({ length: 70_000 }, (_, index) => index);
      return {
        looked: build.apply({ type: 'Gather', axis: 0 }, build.constant([1, 2, 3], [3]), indices),
        big: build.apply({ type: 'Neg' }, build.constant(big, [70_000])),
        integers: build.apply(
          { type: 'Add' },
          build.constant([2 ** 24, 1], [2], 'int32'),
          build.uniform(1, [], 'int32'),
        ),
        padded: build.apply({ type: 'Pad', before: [1], after: [70_000] }, build.uniform(1, [2])),
      };
    }),
  );
});

test('a probability over one number everywhere is computed, not that number', () => {
  const before = graphOf((build) => ({ y: build.apply({ type: 'Softmax' }, build.uniform(3, [2, 4])) }));
  const after = deadCode(constants(before));
  expect(uniformOf(outputOf(after))).toBe(0.25);
});
