import { expect, test } from 'vitest';
import { type GraphBuilder } from '../../../../../main/engine/compute/graph/builder.ts';
import { deadCode } from '../../../../../main/engine/compute/passes/deadCode.ts';
import { linear } from '../../../../../main/engine/compute/passes/linear.ts';
import { counts, expectSame, expectUntouched, graphOf } from './support.ts';

const product = { type: 'MatMul', transposeA: false, transposeB: true } as const;

function productOf(build: GraphBuilder, name: string) {
  return build.apply(product, build.input(`${name}/x`, [4, 3], 'float32'), build.input(`${name}/w`, [5, 3], 'float32'));
}

test('a product and what is added to its rows become one operation', () => {
  for (const shape of [[5], [1, 5], [4, 5]]) {
    const before = graphOf((build) => {
      const bias = build.input('bias', shape, 'float32');
      return { y: build.apply({ type: 'Add' }, bias, productOf(build, 'a')) };
    });
    const after = deadCode(linear(before));
    expect(counts(after)).toEqual({ Linear: 1 });
    expectSame(before, after, { tolerance: 1e-6 });
  }
});

test('of two products one is added to the other', () => {
  const before = graphOf((build) => ({
    y: build.apply({ type: 'Add' }, productOf(build, 'a'), productOf(build, 'b')),
  }));
  const after = deadCode(linear(before));
  expect(counts(after)).toEqual({ Linear: 1, MatMul: 1 });
  expectSame(before, after, { tolerance: 1e-6 });
});

test('a product with another reader, a bias for columns, a wider sum and products of stacks stay', () => {
  expectUntouched(
    linear,
    graphOf((build) => {
      const [read, columns, wide] = ['read', 'columns', 'wide'].map((name) => productOf(build, name));
      if (read === undefined || columns === undefined || wide === undefined) throw new Error('three products');
      const stack = build.input('stack', [2, 3, 3], 'float32');
      const stacked = build.apply({ ...product, transposeB: false }, stack, stack);
      return {
        read,
        a: build.apply({ type: 'Add' }, read, build.input('bias', [5], 'float32')),
        b: build.apply({ type: 'Add' }, columns, build.input('column', [4, 1], 'float32')),
        c: build.apply({ type: 'Add' }, wide, build.input('three', [3, 1, 1], 'float32')),
        d: build.apply({ type: 'Add' }, stacked, build.input('row', [3], 'float32')),
      };
    }),
  );
});
