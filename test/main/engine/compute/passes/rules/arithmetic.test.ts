import { expect, test } from 'vitest';
import { identities } from '../../../../../../main/engine/compute/passes/identities.ts';
import { simplify } from '../../../../../../main/engine/compute/passes/optimise.ts';
import { counts, expectSame, expectUntouched, graphOf } from '../support.ts';

test('adding nothing and multiplying by one leave a value, at the shape of the result', () => {
  const before = graphOf((build) => {
    const x = build.input('x', [1, 3], 'float32');
    const sum = build.apply({ type: 'Add' }, build.uniform(0, []), x);
    const difference = build.apply({ type: 'Sub' }, sum, build.uniform(0, [1, 3]));
    const quotient = build.apply({ type: 'Div' }, difference, build.uniform(1, []));
    return { y: build.apply({ type: 'Mul' }, quotient, build.uniform(1, [4, 3])) };
  });
  const after = simplify(before);
  expect(counts(after)).toEqual({ BroadcastTo: 1 });
  expectSame(before, after);
});

test('what only looks neutral stays: 0 - x, 1 / x, 0 * x', () => {
  expectUntouched(
    identities,
    graphOf((build) => {
      const x = build.input('x', [3], 'float32');
      return {
        a: build.apply({ type: 'Sub' }, build.uniform(0, []), x),
        b: build.apply({ type: 'Div' }, build.uniform(1, []), x),
        c: build.apply({ type: 'Mul' }, build.uniform(0, []), x),
      };
    }),
  );
});

test('opposites of opposites go', () => {
  const before = graphOf((build) => {
    const [x, y] = [build.input('x', [3], 'float32'), build.input('y', [3], 'float32')];
    const negated = build.apply({ type: 'Neg' }, y);
    return {
      twice: build.apply({ type: 'Neg' }, build.apply({ type: 'Neg' }, x)),
      right: build.apply({ type: 'Add' }, x, negated),
      left: build.apply({ type: 'Add' }, negated, x),
    };
  });
  const after = simplify(before);
  expect(counts(after)).toEqual({ Sub: 1 });
  expectSame(before, after);
});

test('elementwise operations broadcast by themselves, and what is the same everywhere is computed once', () => {
  const before = graphOf((build) => {
    const x = build.input('x', [4, 3], 'float32');
    const scalar = build.input('scalar', [], 'float32');
    const wide = build.apply({ type: 'BroadcastTo', shape: [4, 3] }, scalar);
    const scaled = build.apply({ type: 'Div' }, wide, build.uniform(32, [4, 3]));
    const shaped = build.apply({ type: 'Reshape', shape: [1, 1] }, scalar);
    const chosen = build.apply(
      { type: 'Select' },
      build.apply({ type: 'Greater' }, x, build.uniform(0, [4, 3])),
      build.apply({ type: 'Exp' }, scaled),
      shaped,
    );
    return { y: build.apply({ type: 'Mul' }, x, chosen), scaled };
  });
  const after = simplify(before);
  expect(counts(after)).toEqual({ Div: 1, Exp: 1, Greater: 1, Select: 1, Mul: 1, BroadcastTo: 1 });
  const inputs = after.nodes.filter(({ operation }) => operation.type !== 'Mul').flatMap((node) => node.inputs);
  expect(inputs.filter(({ shape }) => shape.length === 2)).toHaveLength(2);
  expectSame(before, after);
});

test('operations along an axis need their input as it is', () => {
  expectUntouched(
    identities,
    graphOf((build) => {
      const wide = build.apply({ type: 'BroadcastTo', shape: [4, 3] }, build.input('x', [4, 1], 'float32'));
      return { y: build.apply({ type: 'Softmax' }, wide) };
    }),
  );
});
