import { expect, test } from 'vitest';
import { commonSubexpressions } from '../../../../../main/engine/compute/passes/commonSubexpressions.ts';
import { counts, expectSame, expectUntouched, graphOf } from './support.ts';

test('equal nodes become one, through all that is made of them', () => {
  const before = graphOf((build) => {
    const x = build.input('x', [2, 3], 'float32');
    const branch = () => {
      const shifted = build.apply({ type: 'Add' }, x, build.uniform(2, []));
      return build.apply({ type: 'Mul' }, build.apply({ type: 'Exp' }, shifted), build.constant([1, 2, 3], [3]));
    };
    return { a: branch(), b: build.apply({ type: 'Neg' }, branch()) };
  });
  const after = commonSubexpressions(before);
  expect(counts(after)).toEqual({ Add: 1, Exp: 1, Mul: 1, Neg: 1 });
  expectSame(before, after);
});

test('a sum is the same with its terms exchanged; a difference is not', () => {
  const before = graphOf((build) => {
    const x = build.input('x', [4], 'float32');
    const y = build.input('y', [4], 'float32');
    const both = (type: 'Add' | 'Sub') =>
      build.apply({ type: 'Concat', axis: 0 }, build.apply({ type }, x, y), build.apply({ type }, y, x));
    return { sum: both('Add'), difference: both('Sub') };
  });
  const after = commonSubexpressions(before);
  expect(counts(after)).toEqual({ Concat: 2, Sub: 2, Add: 1 });
  expectSame(before, after);
});

test('attributes, dtypes, shapes and the sign of a zero tell nodes apart', () => {
  expectUntouched(
    commonSubexpressions,
    graphOf((build) => {
      const x = build.input('x', [2, 2], 'float32');
      const sums = [0, 1].map((axis) => build.apply({ type: 'Sum', axes: [axis], keepDims: false }, x));
      const zeros = [0, -0].map((zero) => build.apply({ type: 'Div' }, x, build.uniform(zero, [])));
      const shapes = [[1], [2]].map((shape) => build.apply({ type: 'Mul' }, x, build.uniform(3, shape)));
      const rows = [
        [1, 2],
        [2, 1],
      ].map((values) => build.apply({ type: 'Add' }, x, build.constant(values, [2])));
      const all = [...sums, ...zeros, ...shapes, ...rows];
      return Object.fromEntries(all.map((value, index) => [`y${index}`, value]));
    }),
  );
});
