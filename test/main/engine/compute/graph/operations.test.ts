import { expect, test } from 'vitest';
import { type Operation, operationKey } from '../../../../../main/engine/compute/graph/operations.ts';

test('equal operations have equal keys, whatever the order of their attributes, and others have others', () => {
  const clip = (minimum: number, maximum: number): Operation => ({ type: 'Clip', minimum, maximum });
  expect(operationKey({ maximum: 1, minimum: 0, type: 'Clip' })).toBe(operationKey(clip(0, 1)));
  const operations: Operation[] = [
    clip(0, 1),
    clip(-0, 1),
    clip(-Infinity, 1),
    clip(Infinity, 1),
    clip(Number.NaN, 1),
    { type: 'Step', alpha: 0 },
    { type: 'Reshape', shape: [1, 2] },
    { type: 'Reshape', shape: [12] },
    { type: 'BroadcastTo', shape: [12] },
  ];
  expect(new Set(operations.map(operationKey)).size).toBe(operations.length);
});
