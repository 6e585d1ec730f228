import { expect, test } from 'vitest';
import { identities } from '../../../../../../main/engine/compute/passes/identities.ts';
import { simplify } from '../../../../../../main/engine/compute/passes/optimise.ts';
import { counts, expectSame, expectUntouched, graphOf } from '../support.ts';

test('entries are looked up where they are wanted, and repeated ones once', () => {
  const before = graphOf((build) => {
    const table = build.input('table', [3, 2, 2], 'float32');
    const both = build.apply({ type: 'Gather', axis: 0 }, table, build.input('pair', [2], 'int32'));
    const task = build.apply({ type: 'Reshape', shape: [1, 1] }, build.input('task', [1], 'int32'));
    const tasks = build.apply({ type: 'Tile', repetitions: [1, 5] }, task);
    return {
      second: build.apply({ type: 'Slice', begin: [1, 0, 0], size: [1, 2, 2] }, both),
      rows: build.apply({ type: 'Gather', axis: 0 }, table, build.apply({ type: 'Reshape', shape: [5] }, tasks)),
    };
  });
  const after = simplify(before);
  expect(counts(after)).toEqual({ Slice: 1, Gather: 2, BroadcastTo: 1 });
  expectSame(before, after);
  expectUntouched(
    identities,
    graphOf((build) => {
      const table = build.input('table', [3, 4], 'float32');
      const rows = build.apply({ type: 'Gather', axis: 0 }, table, build.input('pair', [2], 'int32'));
      return { y: build.apply({ type: 'Slice', begin: [0, 1], size: [2, 2] }, rows) };
    }),
  );
});

test('rows that are repeated one after the other are looked up, with what is looked up for them', () => {
  const before = graphOf((build) => {
    const z = build.input('z', [2, 1, 3], 'float32');
    const task = build.apply({ type: 'Reshape', shape: [2, 1] }, build.input('task', [2], 'int32'));
    const tasks = build.apply({ type: 'Tile', repetitions: [1, 4] }, task);
    const flat = build.apply({ type: 'Reshape', shape: [8] }, tasks);
    return {
      z: build.apply({ type: 'Reshape', shape: [8, 3] }, build.apply({ type: 'Tile', repetitions: [1, 4, 1] }, z)),
      e: build.apply({ type: 'Gather', axis: 0 }, build.input('table', [3, 5], 'float32'), flat),
    };
  });
  const after = simplify(before);
  expect(counts(after)).toEqual({ Gather: 3, Reshape: 1 });
  const indices = after.nodes.filter(({ operation }) => operation.type === 'Gather').map(({ inputs }) => inputs[1]?.id);
  expect(new Set(indices).size).toBe(2);
  expectSame(before, after);
});

test('rows repeated in turn, and lookups by as many indices, stay', () => {
  expectUntouched(
    identities,
    graphOf((build) => {
      const [x, tasks] = [build.input('x', [1, 2, 3], 'float32'), build.input('tasks', [4], 'int32')];
      const wide = build.apply({ type: 'BroadcastTo', shape: [4, 2, 3] }, x);
      const some = build.apply({ type: 'Gather', axis: 0 }, tasks, build.input('order', [4], 'int32'));
      return {
        turns: build.apply({ type: 'Reshape', shape: [8, 3] }, wide),
        looked: build.apply({ type: 'Gather', axis: 0 }, build.input('table', [4, 2], 'float32'), some),
      };
    }),
  );
});
