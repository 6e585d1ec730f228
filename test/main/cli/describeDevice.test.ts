import { expect, it } from 'vitest';
import { describeBenchmark, describeDoctor } from '../../../main/cli/describeDevice.ts';
import type { BenchmarkRecord, DoctorReport } from '../../../shared/device.ts';
import { idleCard } from '../../support/deviceRecords.ts';

const report: DoctorReport = {
  version: '1.2.3',
  node: 'v24.0.0',
  platform: 'linux x64, 6.1',
  device: {
    operatingSystem: 'A system 1, x64',
    processor: { name: 'A processor', physicalCores: 4, threads: 8, instructionSets: ['AVX2', 'FMA'] },
    memoryBytes: 16e9,
    freeMemoryBytes: 9e9,
    gpus: [],
    problem: null,
  },
  freeDiskBytes: 1e12,
  home: '/library',
  backends: [
    { name: 'onnx', label: 'ONNX Runtime', works: true, automatic: true, reason: 'on 8 threads', action: null },
    {
      name: 'tensorflow',
      label: 'TensorFlow',
      works: false,
      automatic: false,
      reason: 'not here\nat all',
      action: 'Set it up.',
    },
  ],
  backendsProblem: null,
};

it('says everything of a machine without a card', () => {
  const lines = describeDoctor(report).split('\n');
  expect(lines).toContain('processor  A processor, 4 cores, 8 threads');
  expect(lines).toContain('           AVX2, FMA');
  expect(lines).toContain('memory     9.00 GB free of 16.0 GB');
  expect(lines).toContain('  none: nvidia-smi is not here');
  expect(lines).toContain('  works   onnx, what auto means (ONNX Runtime): on 8 threads');
  expect(lines).toContain('  absent  tensorflow (TensorFlow): not here');
  expect(lines).toContain('          Set it up.');
});

it('says zero as zero, and leaves out what a card does not tell', () => {
  const told = describeDoctor({ ...report, device: { ...report.device, gpus: [idleCard] } });
  expect(told).toContain('  0: A card, 12.0 GB, driver 535.1\n     0 % busy, 0 B used, 31 °C\n');
  const silent = {
    ...idleCard,
    utilisation: null,
    memoryUsedBytes: null,
    temperature: null,
    memoryBytes: null,
    driver: null,
  };
  expect(describeDoctor({ ...report, device: { ...report.device, gpus: [silent] } })).toContain(
    '  0: A card\nbackends',
  );
});

it('says what kept cards and backends from being looked at', () => {
  const problem = 'nvidia-smi says: no driver';
  const told = describeDoctor({
    ...report,
    device: { ...report.device, problem, processor: { ...report.device.processor, physicalCores: null } },
    backends: [],
    backendsProblem: 'the engine could not be asked',
  });
  expect(told).toContain(`graphics cards\n  ${problem}\n`);
  expect(told).not.toContain('none');
  expect(told).toContain('A processor, 8 threads');
  expect(told).toMatch(/backends\n {2}the engine could not be asked$/);
});

it('lists figures with their work', () => {
  const figure: BenchmarkRecord = {
    benchmark: 'g-1',
    at: '2026-01-01T00:00:00.000Z',
    backend: 'onnx',
    automatic: true,
    device: 'A processor',
    threads: 8,
    codeVersion: '1',
    here: true,
    work: 'update',
    size: 1,
    batchSize: 64,
    milliseconds: 12.345,
    steps: 9,
    otherCores: null,
  };
  const table = describeBenchmark([
    figure,
    { ...figure, work: 'plan', batchSize: 1 },
    { ...figure, work: 'label', size: 317 },
  ]);
  expect(table).toMatch(/onnx \(auto\) +update 1M, batch 64 +12\.35 +9 +8/);
  expect(table).toMatch(/plan 1M +12/);
  expect(table).toMatch(/label 317M, 64 rows/);
  expect(table).not.toContain('busy');
  const told = describeBenchmark([figure, { ...figure, otherCores: 1.25 }, { ...figure, otherCores: 0.1 }]);
  expect(told).toContain('up to 1.3 cores busy');
});
