import type { BenchmarkRecord, Gpu } from '../../shared/device.ts';

/** A figure of a benchmark: an update of 1M at batch 64 on onnx, unless changed. */
export function benchmarkFigure(changes: Partial<BenchmarkRecord> = {}): BenchmarkRecord {
  return {
    benchmark: 'g-1',
    at: '2026-01-02T03:04:05.000Z',
    backend: 'onnx',
    automatic: true,
    device: 'A processor',
    threads: 2,
    codeVersion: '1',
    here: true,
    work: 'update',
    size: 1,
    batchSize: 64,
    milliseconds: 20,
    steps: 9,
    otherCores: null,
    ...changes,
  };
}

/** A card that is idle, and whose driver does not tell its power. */
export const idleCard: Gpu = {
  index: 0,
  uuid: 'GPU-1',
  name: 'A card',
  driver: '535.1',
  utilisation: 0,
  memoryBytes: 12e9,
  memoryUsedBytes: 0,
  temperature: 31,
  power: null,
  powerLimit: 170,
};
