import { join } from 'node:path';
import { Child, type Program } from './child.ts';
import { busySeconds, foreignCores } from './machine.ts';
import { type Ready, type Run } from './protocol.ts';
import { torchFolder } from './python.ts';
import { type Design, type Side } from './sides.ts';
import { stepsFor } from './statistics.ts';

/** The measurements of one side, in the order in which they were taken. */
export interface Measured {
  side: Side;
  ready: Ready;
  runs: Run[];
  /** Cores that other processes used during each run. */
  foreign: number[];
}

export interface MeasureOptions {
  pairs: number;
  seconds: number;
  /** The interpreter of PyTorch's side; undefined where there is none. */
  python: string | undefined;
  report: (line: string) => void;
}

function programOf({ program, label }: Side, python: string | undefined): Program {
  if (program === 'decant') return { command: process.execPath, args: [join(import.meta.dirname, 'decantWorker.ts')] };
  if (python === undefined) throw new Error(`${label} has no interpreter`);
  return { command: python, args: [join(torchFolder, 'worker.py')] };
}

/** A run, and how many cores others used meanwhile. */
async function runOf(child: Child, steps: number): Promise<{ run: Run; foreign: number }> {
  const before = busySeconds();
  const run = await child.run(steps);
  return { run, foreign: foreignCores(busySeconds() - before, run) };
}

/**
 * Starts every side, warms it up, and measures all in turns: the first, the second, …, `pairs` times over. A side that waits for
 * its turn does nothing.
 */
export async function measure(design: Design, options: MeasureOptions): Promise<Measured[]> {
  const { pairs, seconds, python, report } = options;
  const children: Child[] = [];
  try {
    const measured: { child: Child; steps: number; result: Measured }[] = [];
    for (const side of design.sides) {
      report(`starting ${side.label}`);
      const child = new Child(side.label, programOf(side, python), side.job);
      children.push(child);
      const ready = await child.ready();
      const first = await child.run(1);
      const warm = await child.run(stepsFor(seconds, first.wallSeconds));
      const steps = stepsFor(seconds, warm.wallSeconds / warm.steps);
      measured.push({ child, steps, result: { side, ready, runs: [], foreign: [] } });
    }
    for (let pair = 0; pair < pairs; pair++) {
      report(`turn ${pair + 1} of ${pairs}`);
      for (const { child, steps, result } of measured) {
        const { run, foreign } = await runOf(child, steps);
        result.runs.push(run);
        result.foreign.push(foreign);
      }
    }
    return measured.map(({ result }) => result);
  } finally {
    for (const child of children) child.stop();
  }
}
