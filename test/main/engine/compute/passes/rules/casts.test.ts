import { expect, test } from 'vitest';
import { simplify } from '../../../../../../main/engine/compute/passes/optimise.ts';
import { counts, expectSame, graphOf } from '../support.ts';

test('parts and views of a mask are taken before it becomes numbers', () => {
  const before = graphOf((build) => {
    const [floats] = build.node({ type: 'Cast', dtype: 'float32' }, [build.input('mask', [3, 2, 4], 'bool')]);
    if (floats === undefined) throw new Error('a cast has an output');
    const part = build.apply({ type: 'Slice', begin: [1, 0, 0], size: [1, 2, 4] }, floats);
    const rows = build.apply({ type: 'Reshape', shape: [2, 4] }, part);
    return { y: build.apply({ type: 'Slice', begin: [1, 0], size: [1, 4] }, rows) };
  });
  const after = simplify(before);
  expect(after.nodes.at(-1)?.operation.type).toBe('Cast');
  expect(counts(after)).toEqual({ Slice: 1, Reshape: 1, Cast: 1 });
  expectSame(before, after);
});
