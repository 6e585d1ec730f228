import { expect, it } from 'vitest';
import { memoryNeed, requireMemory } from '../../../../main/engine/training/memory.ts';
import { architectureOfSize, type ModelSize } from '../../../../shared/architecture.ts';

// Peak resident megabytes of `estimate` engines on eager wasm, x64 Linux.
it.each<[ModelSize, number, number]>([
  [1, 16, 254],
  [1, 256, 587],
  [1, 1024, 1701],
  [5, 32, 470],
  [5, 256, 1224],
  [19, 32, 1082],
])('is a little above what size %d at batch %d took', (size, batchSize, measured) => {
  const need = memoryNeed(architectureOfSize(size), batchSize, 3, 'eager').totalBytes / 1e6;
  expect(need).toBeGreaterThan(measured);
  expect(need).toBeLessThan(1.3 * measured);
});

// Peak resident megabytes of `train` engines on onnx, x64 Linux, two threads.
it.each<[ModelSize, number, number]>([
  [1, 16, 379],
  [1, 256, 576],
  [1, 1024, 1266],
  [5, 32, 625],
  [5, 256, 971],
  [19, 32, 1234],
])('is a little above what size %d at batch %d took compiled', (size, batchSize, measured) => {
  const need = memoryNeed(architectureOfSize(size), batchSize, 3, 'onnx').totalBytes / 1e6;
  expect(need).toBeGreaterThan(measured);
  expect(need).toBeLessThan(1.3 * measured);
});

it('refuses what cannot be addressed or is not free, with the numbers', () => {
  const need = memoryNeed(architectureOfSize(317), 16, 3, 'eager');
  expect(() => requireMemory(need, 'wasm')).toThrow(/training needs about \d+\.\d GB, .*\d+\.\d GB/);
  const far = { ...need, totalBytes: 2 * process.availableMemory() };
  expect(() => requireMemory(far, 'tfjs-node')).toThrow(/are free/);
  expect(() => requireMemory(memoryNeed(architectureOfSize(1), 16, 3, 'eager'), 'wasm')).not.toThrow();
});
