import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Child, ChildEnded } from './child.ts';
import { readRequest } from './options.ts';
import { type Job } from './protocol.ts';
import { jobOf } from './sides.ts';

const program = { command: process.execPath, args: [join(import.meta.dirname, 'decantWorker.ts')] };
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

function start(job: Job): Child {
  const child = new Child('Decant', program, job);
  children.push(child);
  return child;
}

afterEach(() => {
  for (const child of children.splice(0)) child.stop();
});

describe("Decant's side of a benchmark", () => {
  it.each([
    ['update --dropout on', {}],
    ['plan', { environments: 2 }],
    ['label --size 1', {}],
  ] as const)('does the ordered steps of %s and reports what they took', async (args, changes) => {
    const child = start(smallJob(args, changes));
    const ready = await child.ready();
    expect(ready.name).toContain('wasm');
    expect(ready.firstSeconds).toBeGreaterThan(0);
    for (const steps of [2, 3]) {
      const run = await child.run(steps);
      expect(run.steps).toBe(steps);
      expect(run.wallSeconds).toBeGreaterThan(0);
      expect(run.peakMemory).toBeGreaterThan(1e7);
      expect(run.drawCpuSeconds).toBeLessThanOrEqual(run.cpuSeconds);
    }
  });

  it('ends with a reason where it cannot do what is asked', async () => {
    await expect(start(smallJob('update', { threads: 2 })).ready()).rejects.toThrow(ChildEnded);
  });
});
