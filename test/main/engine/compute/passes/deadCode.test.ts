import { expect, test } from 'vitest';
import { deadCode } from '../../../../../main/engine/compute/passes/deadCode.ts';
import { counts, expectSame, expectUntouched, graphOf } from './support.ts';

test('what no output needs goes, with all that only it needed', () => {
  const before = graphOf((build) => {
    const x = build.input('x', [2, 3], 'float32');
    build.input('unread', [2], 'float32');
    build.apply({ type: 'Neg' }, build.apply({ type: 'Exp' }, x));
    return { y: build.apply({ type: 'Abs' }, x) };
  });
  const after = deadCode(before);
  expect(counts(after)).toEqual({ Abs: 1 });
  expectSame(before, after);
});

test('a node stays while one of its outputs is needed', () => {
  expectUntouched(
    deadCode,
    graphOf((build) => {
      const [, indices] = build.node({ type: 'TopK', k: 2 }, [build.input('x', [5], 'float32')]);
      if (indices === undefined) throw new Error('TopK has two outputs');
      return { indices: build.apply({ type: 'Cast', dtype: 'float32' }, indices) };
    }),
  );
});
