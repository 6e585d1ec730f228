import fc from 'fast-check';
import { expect, test } from 'vitest';
import { identities } from '../../../../../../main/engine/compute/passes/identities.ts';
import { deadCode } from '../../../../../../main/engine/compute/passes/deadCode.ts';
import { counts, expectSame, expectUntouched, graphOf } from '../support.ts';

test('a sum of sums is one sum over the axes of both', () => {
  const kinds = fc.constantFrom('Sum' as const, 'Mean' as const, 'Max' as const, 'Min' as const);
  const some = (rank: number) =>
    fc.subarray(
      Array.from({ length: rank }, (_, axis) => axis),
      { minLength: 1, maxLength: rank - 1 },
    );
  fc.assert(
    fc.property(kinds, some(4), fc.boolean(), fc.boolean(), fc.nat(), (type, axes, keepInner, keepOuter, pick) => {
      const before = graphOf((build) => {
        const x = build.input('x', [2, 3, 4, 2], 'float32');
        const inner = build.apply({ type, axes, keepDims: keepInner }, x);
        const outer = [pick % inner.shape.length];
        return { y: build.apply({ type, axes: outer, keepDims: keepOuter }, inner) };
      });
      const after = deadCode(identities(before));
      expect(counts(after)[type]).toBe(1);
      expectSame(before, after, { tolerance: 1e-6 });
    }),
    { numRuns: 60 },
  );
});

test('a reduction of one entry is a change of shape', () => {
  const before = graphOf((build) => {
    const x = build.input('x', [3, 1, 2, 1], 'float32');
    return { y: build.apply({ type: 'Mean', axes: [1, 3], keepDims: false }, x) };
  });
  expect(counts(identities(before))).toEqual({ Reshape: 1 });
  expectSame(before, identities(before));
});

test('what is repeated is reduced before it is repeated, but not along the repeated axis', () => {
  const before = graphOf((build) => {
    const x = build.input('x', [1, 3, 4], 'float32');
    const wide = build.apply({ type: 'BroadcastTo', shape: [2, 3, 4] }, x);
    return {
      last: build.apply({ type: 'Sum', axes: [2], keepDims: false }, wide),
      first: build.apply({ type: 'Sum', axes: [0, 2], keepDims: true }, wide),
    };
  });
  const after = identities(before);
  expect(after.nodes.map(({ operation, outputs: [value] }) => `${operation.type} ${value?.shape.join()}`)).toEqual([
    'BroadcastTo 2,3,4',
    'Sum 1,3',
    'BroadcastTo 2,3',
    'Sum 1,3,1',
  ]);
  expectSame(before, after, { tolerance: 1e-6 });
});

test('reductions of different kinds, and those read by others, stay', () => {
  expectUntouched(
    identities,
    graphOf((build) => {
      const x = build.input('x', [3, 4, 2], 'float32');
      const sum = build.apply({ type: 'Sum', axes: [2], keepDims: false }, x);
      return {
        sum,
        all: build.apply({ type: 'Sum', axes: [1], keepDims: false }, sum),
        greatest: build.apply(
          { type: 'Max', axes: [1], keepDims: false },
          build.apply({ type: 'Mean', axes: [0], keepDims: false }, x),
        ),
      };
    }),
  );
});
