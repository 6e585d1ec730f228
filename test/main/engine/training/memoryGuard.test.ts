import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { memoryNeed } from '../../../../main/engine/training/memory.ts';
import { peakMemory, reachableMemory, requireMemory } from '../../../../main/engine/training/memoryGuard.ts';
import { architectureOfSize, type ModelSize } from '../../../../shared/architecture.ts';
import { temporaryFolder } from '../../../support/temporaryFolder.ts';

function needOf(size: ModelSize) {
  const teacher = { architecture: architectureOfSize(48), rows: 256, stays: true };
  return memoryNeed(
    { architecture: architectureOfSize(size), batchSize: 256, horizon: 3, dropout: true, teacher },
    'onnx',
  );
}

it('refuses what is not free with both numbers and what takes how much, the greatest first', () => {
  expect(() => requireMemory(needOf(19), 'onnx', 2e9)).toThrow(
    /it needs about 2\.1 GB \(0\.\d GB for a batch, 0\.\d GB for the student .*, 0\.\d GB for the teacher\), 2\.0 GB are free/,
  );
  expect(() => requireMemory(needOf(19), 'onnx', 2.2e9)).not.toThrow();
});

it('refuses what the addresses of wasm do not reach, however much is free', () => {
  expect(() => requireMemory(needOf(317), 'wasm', 1e12)).toThrow(
    /^[^(]*\([^(]*for the teacher\), backend wasm can address 4\.3 GB/,
  );
  expect(() => requireMemory(needOf(317), 'tfjs-node', 1e12)).not.toThrow();
  expect(() => requireMemory(needOf(1), 'wasm', 1e12)).not.toThrow();
});

it.each<NodeJS.Platform>(['linux', 'darwin'])(
  'counts what this process has already as what it can have on %s',
  async (platform) => {
    const own = process.memoryUsage.rss();
    const reachable = await reachableMemory(platform);
    expect(reachable).toBeGreaterThan(own);
    expect(reachable).toBeLessThanOrEqual(totalmem() + own);
  },
);

it('does not take the peak of the process that started this one for its own', async () => {
  const held = Buffer.alloc(600e6, 1);
  const program = join(temporaryFolder(), 'program.ts');
  const source = new URL('../../../../main/engine/training/memoryGuard.ts', import.meta.url).href;
  writeFileSync(program, `import { peakMemory } from '${source}';\nprocess.send?.(peakMemory());\n`);
  const child = fork(program, { execArgv: [] });
  const peak = await new Promise<unknown>((resolve) => child.once('message', resolve));
  expect(peak).toBeGreaterThan(20e6);
  expect(peak).toBeLessThan(held.length);
  expect(peakMemory()).toBeGreaterThan(held.length);
});
