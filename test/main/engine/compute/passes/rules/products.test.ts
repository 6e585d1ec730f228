import fc from 'fast-check';
import { expect, test } from 'vitest';
import { identities } from '../../../../../../main/engine/compute/passes/identities.ts';
import { deadCode } from '../../../../../../main/engine/compute/passes/deadCode.ts';
import { counts, expectSame, expectUntouched, graphOf } from '../support.ts';

test('a product reads transposed factors as they are', () => {
  fc.assert(
    fc.property(fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean(), (transposeA, transposeB, turnA, turnB) => {
      const before = graphOf((build) => {
        const a = build.input('a', transposeA === turnA ? [2, 3] : [3, 2], 'float32');
        const b = build.input('b', transposeB === turnB ? [3, 4] : [4, 3], 'float32');
        const turned = (value: typeof a) => build.apply({ type: 'Transpose', permutation: [1, 0] }, value);
        return {
          y: build.apply({ type: 'MatMul', transposeA, transposeB }, turnA ? turned(a) : a, turnB ? turned(b) : b),
        };
      });
      const after = deadCode(identities(before));
      expect(counts(after)).toEqual({ MatMul: 1 });
      expectSame(before, after);
    }),
  );
});

test('a transpose of other axes stays', () => {
  expectUntouched(
    identities,
    graphOf((build) => {
      const a = build.apply({ type: 'Transpose', permutation: [1, 0, 2] }, build.input('a', [2, 3, 4], 'float32'));
      const b = build.input('b', [3, 4, 2], 'float32');
      return { y: build.apply({ type: 'MatMul', transposeA: false, transposeB: false }, a, b) };
    }),
  );
});
