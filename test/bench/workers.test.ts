import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { checkTorch, fixtureFolders } from './check.ts';
import { Child, ChildEnded, type Program } from './child.ts';
import { readRequest } from './options.ts';
import { type Job } from './protocol.ts';
import { readyPython, torchFolder } from './python.ts';
import { jobOf } from './sides.ts';

const python = await readyPython();
const decant = { command: process.execPath, args: [join(import.meta.dirname, 'decantWorker.ts')] };
const torch = { command: python ?? '', args: [join(torchFolder, 'worker.py')] };
const children: Child[] = [];

/** A job small enough for a test. */
function smallJob(args: string, changes: Partial<Job> = {}): Job {
  const request = readRequest([...args.split(' '), '--backend', 'eager']);
  if (request.command !== 'bench') throw new Error('no benchmark');
  const job = jobOf(request.options, 'cpu');
  return {
    ...job,
    architecture: { ...job.architecture, encDim: 8, mlpDim: 8, latentDim: 8, taskDim: 4, numEncLayers: 2, numQ: 2 },
    planner: { ...job.planner, numSamples: 16, numElites: 4, numPiTrajs: 2, iterations: 2 },
    batch: 4,
    ...changes,
  };
}

function start(program: Program, job: Job): Child {
  const child = new Child('a side', program, job);
  children.push(child);
  return child;
}

afterEach(() => {
  for (const child of children.splice(0)) child.stop();
});

const workloads = [
  ['update --dropout on', {}],
  ['plan', { environments: 2 }],
  ['label --size 1', {}],
] as const;

/** Orders steps and judges what is reported of them. */
async function expectSteps(child: Child): Promise<void> {
  expect((await child.ready()).firstSeconds).toBeGreaterThan(0);
  for (const steps of [2, 3]) {
    const run = await child.run(steps);
    expect(run.steps).toBe(steps);
    expect(run.wallSeconds).toBeGreaterThan(0);
    expect(run.peakMemory).toBeGreaterThan(1e7);
    expect(run.drawCpuSeconds ?? 0).toBeLessThanOrEqual(run.cpuSeconds);
  }
}

describe("Decant's side of a benchmark", () => {
  it.each(workloads)('does the ordered steps of %s', async (args, changes) => {
    await expectSteps(start(decant, smallJob(args, changes)));
  });

  it('ends with a reason where it cannot do what is asked', async () => {
    await expect(start(decant, smallJob('update', { threads: 2 })).ready()).rejects.toThrow(ChildEnded);
  });
});

describe.skipIf(python === undefined)("PyTorch's side of a benchmark", () => {
  it.each(workloads)('does the ordered steps of %s', async (args, changes) => {
    await expectSteps(start(torch, smallJob(args, changes)));
  });

  it('computes what the official code computed', async () => {
    const folders = fixtureFolders([join(import.meta.dirname, '../fixtures/tdmpc2')]);
    expect(folders.length).toBe(2);
    expect(await checkTorch(python ?? '', folders)).toBe(0);
  });

  it('is not content with a folder that has nothing to compare', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'decant-bench-'));
    try {
      expect(fixtureFolders([folder])).toEqual([]);
      expect(await checkTorch(python ?? '', [])).toBe(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
