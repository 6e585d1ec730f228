import { expect, test } from 'vitest';
import { identities } from '../../../../../../main/engine/compute/passes/identities.ts';
import { simplify } from '../../../../../../main/engine/compute/passes/optimise.ts';
import { counts, expectSame, expectUntouched, graphOf } from '../support.ts';

test('changes of shape that follow each other are one, or none', () => {
  const before = graphOf((build) => {
    const x = build.input('x', [2, 3], 'float32');
    const reshape = (shape: number[], value = x) => build.apply({ type: 'Reshape', shape }, value);
    const one = build.apply({ type: 'BroadcastTo', shape: [2, 3] }, build.input('one', [1, 1], 'float32'));
    return {
      back: build.apply({ type: 'Exp' }, reshape([2, 3], reshape([6]))),
      other: reshape([3, 2], reshape([1, 6])),
      wide: reshape([6], one),
      wider: build.apply({ type: 'BroadcastTo', shape: [4, 2, 3] }, one),
    };
  });
  const after = simplify(before);
  expect(counts(after)).toEqual({ Exp: 1, Reshape: 2, BroadcastTo: 2 });
  expectSame(before, after);
});

test('repeating one entry is broadcasting, repeating several is not', () => {
  const before = graphOf((build) => {
    const x = build.input('x', [2, 1, 3], 'float32');
    return { y: build.apply({ type: 'Tile', repetitions: [1, 4, 1] }, x) };
  });
  expect(counts(identities(before))).toEqual({ BroadcastTo: 1 });
  expectSame(before, identities(before));
  expectUntouched(
    identities,
    graphOf((build) => {
      const x = build.input('x', [2, 1, 3], 'float32');
      return { y: build.apply({ type: 'Tile', repetitions: [2, 4, 1] }, x) };
    }),
  );
});

test('zeros and ones survive a cast, other numbers do not', () => {
  const before = graphOf((build) => {
    const x = build.input('x', [3], 'int32');
    const cast = (dtype: 'float32' | 'int32', value = x) => build.apply({ type: 'Cast', dtype }, value);
    const hot = build.apply({ type: 'OneHot', depth: 4 }, x);
    const compared = build.apply({ type: 'Greater' }, x, build.uniform(1, [], 'int32'));
    return { hot: cast('float32', cast('int32', hot)), compared: cast('float32', cast('int32', compared)) };
  });
  const after = simplify(before);
  expect(counts(after)).toEqual({ OneHot: 1, Greater: 1, Cast: 1 });
  expectSame(before, after);
  expectUntouched(
    identities,
    graphOf((build) => {
      const whole = build.apply({ type: 'Cast', dtype: 'int32' }, build.input('x', [3], 'float32'));
      return { y: build.apply({ type: 'Cast', dtype: 'float32' }, whole) };
    }),
  );
});
