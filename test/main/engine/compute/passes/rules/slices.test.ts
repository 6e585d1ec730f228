import { expect, test } from 'vitest';
import { type GraphBuilder } from '../../../../../../main/engine/compute/graph/builder.ts';
import { type Value } from '../../../../../../main/engine/compute/graph/graph.ts';
import { identities } from '../../../../../../main/engine/compute/passes/identities.ts';
import { simplify } from '../../../../../../main/engine/compute/passes/optimise.ts';
import { counts, expectSame, expectUntouched, graphOf } from '../support.ts';

function columns(build: GraphBuilder, x: Value, start: number, count: number): Value {
  return build.apply({ type: 'Slice', begin: [0, start], size: [x.shape[0] ?? 0, count] }, x);
}

test('slices of slices and of joined parts come from the source', () => {
  const before = graphOf((build) => {
    const [a, b] = [build.input('a', [4, 3], 'float32'), build.input('b', [4, 5], 'float32')];
    const both = build.apply({ type: 'Concat', axis: 1 }, a, b);
    return {
      inside: columns(build, columns(build, both, 2, 6), 2, 3),
      part: build.apply({ type: 'Neg' }, columns(build, both, 3, 5)),
      row: build.apply({ type: 'Slice', begin: [1, 0], size: [2, 3] }, both),
    };
  });
  const after = simplify(before);
  expect(counts(after)).toEqual({ Slice: 2, Neg: 1 });
  expectSame(before, after);
});

test('a slice of two parts stays', () => {
  expectUntouched(
    identities,
    graphOf((build) => {
      const parts = [build.input('a', [4, 3], 'float32'), build.input('b', [4, 5], 'float32')];
      return { y: columns(build, build.apply({ type: 'Concat', axis: 1 }, ...parts), 2, 3) };
    }),
  );
});

test('a model of a stack is sliced once', () => {
  const before = graphOf((build) => {
    const stack = build.input('stack', [3, 4, 6], 'float32');
    const one = build.apply({ type: 'Slice', begin: [1, 0, 0], size: [1, 4, 6] }, stack);
    return { y: columns(build, build.apply({ type: 'Reshape', shape: [4, 6] }, one), 2, 3) };
  });
  const after = simplify(before);
  expect(counts(after)).toEqual({ Slice: 1, Reshape: 1 });
  expectSame(before, after);
});

test('neighbouring slices join again; others do not', () => {
  const joined = (build: GraphBuilder, cuts: readonly (readonly [number, number])[]) => {
    const x = build.input('x', [2, 6], 'float32');
    const parts = cuts.map(([start, count]) => columns(build, x, start, count));
    return build.apply({ type: 'Concat', axis: 1 }, ...parts);
  };
  const whole = [
    [0, 2],
    [2, 1],
    [3, 3],
  ] as const;
  const before = graphOf((build) => ({ y: build.apply({ type: 'Neg' }, joined(build, whole)) }));
  expect(counts(simplify(before))).toEqual({ Neg: 1 });
  expectSame(before, simplify(before));
  const gap = [
    [0, 2],
    [3, 3],
  ] as const;
  expectUntouched(
    identities,
    graphOf((build) => ({ y: joined(build, gap) })),
  );
});

test('padded parts that lie side by side are joined', () => {
  const padded = (build: GraphBuilder, lengths: readonly number[], starts: readonly number[], total: number) => {
    const parts = lengths.map((length, index) => {
      const before = starts[index] ?? 0;
      const x = build.input(`x${index}`, [2, length], 'float32');
      return build.apply({ type: 'Pad', before: [0, before], after: [0, total - before - length] }, x);
    });
    return parts.reduce((sum, part) => build.apply({ type: 'Add' }, sum, part));
  };
  const before = graphOf((build) => ({ y: padded(build, [2, 3, 1], [1, 3, 0], 6) }));
  expect(counts(simplify(before))).toEqual({ Concat: 1 });
  expectSame(before, simplify(before));
  for (const starts of [
    [0, 2],
    [0, 3],
  ])
    expectUntouched(
      identities,
      graphOf((build) => ({ y: padded(build, [3, 2], starts, starts[1] === 2 ? 5 : 6) })),
    );
});
