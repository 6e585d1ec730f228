import { fork } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, test, vi } from 'vitest';
import { startBackend } from '../../../../main/engine/compute/backend.ts';
import { Session } from '../../../../main/engine/session.ts';
import { memoryNeed } from '../../../../main/engine/training/memory.ts';
import {
  guardMemory,
  peakMemory,
  reachableMemory,
  requireMemory,
} from '../../../../main/engine/training/memoryGuard.ts';
import { planTraining } from '../../../../main/engine/training/plan.ts';
import { openHost } from '../../../../main/host/host.ts';
import { architectureOfSize, type ModelSize } from '../../../../shared/architecture.ts';
import { temporaryFolder } from '../../../support/temporaryFolder.ts';

const chunk = fileURLToPath(new URL('../../../fixtures/dataset/chunk.safetensors', import.meta.url));

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

test('a teacher counts until all labels that a run reads are there', async () => {
  const home = temporaryFolder();
  const host = await openHost({ home });
  const { client } = host;
  const finished = async (id: string) => {
    await vi.waitFor(async () => expect((await client.request('jobs.get', { id })).job.state).toBe('finished'), {
      timeout: 250_000,
      interval: 100,
    });
    return client.request('jobs.get', { id });
  };
  const { grant } = await client.request('grants.create', { paths: [chunk], use: 'read' });
  await finished((await client.request('import.start', { grant })).id);
  const config = { dataset: 'chunk', batchSize: 4, steps: 2, backend: 'wasm' } as const;
  const scratch = await client.request('runs.start', { config: { ...config, method: 'scratch' } });
  const teacher = (await finished(scratch.id)).checkpoints.at(-1)?.id ?? '';
  const { id } = await client.request('runs.start', { config: { ...config, method: 'distil', teacher } });
  await finished(id);
  await host.close();

  await using session = await Session.open(home, id);
  const planned = await planTraining(session, session.configuration('train'));
  // A big one, so that it decides.
  const plan = { ...planned, teacher: { ...session.checkpoint('teacher'), architecture: architectureOfSize(317) } };
  const backend = await startBackend('wasm');
  const { need } = await guardMemory(session, plan, backend, 1e12);
  expect(need.teacherBytes).toBeGreaterThan(300e6);
  const between = need.totalBytes - 100e6;
  const spared = await guardMemory(session, plan, backend, between);
  expect(spared.need.totalBytes).toBe(need.totalBytes - need.teacherBytes);
  const longer = { ...plan, configuration: { ...plan.configuration, steps: 50 } };
  await expect(guardMemory(session, longer, backend, between)).rejects.toThrow(/for the teacher/);
  rmSync(session.paths.labels, { recursive: true });
  await expect(guardMemory(session, plan, backend, between)).rejects.toThrow(/for the teacher/);
  expect(existsSync(session.paths.labels)).toBe(false);
  planned.dataset.close();
});
