import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryOfPiece, pieces, preparePiece } from '../../../../main/engine/benchmark/pieces.ts';
import { median, timeSteps } from '../../../../main/engine/benchmark/timing.ts';
import { startBackend } from '../../../../main/engine/compute/backend.ts';
import { type Backend } from '../../../../main/engine/compute/program.ts';
import { benchmarkWorks } from '../../../../shared/device.ts';

/** A clock that each step moves on, the first by `first` and the others by what follows. */
function steps(
  first: number,
  ...others: number[]
): { step: () => Promise<void>; now: () => number; made: () => number } {
  let time = 1000;
  let made = 0;
  return {
    step: () => {
      time += made === 0 ? first : (others[(made - 1) % others.length] ?? 0);
      made += 1;
      return Promise.resolve();
    },
    now: () => time,
    made: () => made,
  };
}
const goOn = (): Promise<boolean> => Promise.resolve(true);

describe('timeSteps', () => {
  it('does not count the first step, and takes the median of the others until the time is up', async () => {
    const { step, now } = steps(500, 10, 30, 10);
    expect(await timeSteps(step, { until: 1600, most: 1000, goOn, now })).toEqual({ milliseconds: 10, steps: 6 });
  });

  it('counts one step however late it is, and no more than it is allowed', async () => {
    const late = steps(5000, 700);
    expect(await timeSteps(late.step, { until: 1100, most: 1000, goOn, now: late.now })).toEqual({
      milliseconds: 700,
      steps: 1,
    });
    const fast = steps(1, 1);
    expect(await timeSteps(fast.step, { until: 1e9, most: 4, goOn, now: fast.now })).toMatchObject({ steps: 4 });
    expect(fast.made()).toBe(5);
  });

  it('ends when it is told to: without a figure before a step counted, with one after', async () => {
    const none = steps(1, 1);
    const no = (): Promise<boolean> => Promise.resolve(false);
    expect(await timeSteps(none.step, { until: 1e9, most: 9, goOn: no, now: none.now })).toBeUndefined();
    let asked = 0;
    const twice = steps(1, 5);
    const until = { until: 1e9, most: 9, now: twice.now, goOn: () => Promise.resolve((asked += 1) < 3) };
    expect(await timeSteps(twice.step, until)).toEqual({ milliseconds: 5, steps: 2 });
  });

  it('has a median with as many values above as below', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: 0, max: 1e6 }), { minLength: 1 }), (values) => {
        const middle = median(values);
        expect(values.filter((value) => value < middle).length * 2).toBeLessThanOrEqual(values.length);
        expect(values.filter((value) => value > middle).length * 2).toBeLessThanOrEqual(values.length);
      }),
    );
  });
});

describe('the pieces', () => {
  it('begin with the update of a small student, and say what memory they need', () => {
    expect(pieces[0]).toEqual({ work: 'update', size: 1, batchSize: 64 });
    expect(new Set(pieces.map(({ work }) => work))).toEqual(new Set(benchmarkWorks));
    for (const piece of pieces) expect(memoryOfPiece(piece, { name: 'wasm' })).toBeLessThan(4e9);
  });

  it.each(benchmarkWorks)('%s computes again and again', async (work) => {
    const backend = await startBackend('wasm');
    const prepared = preparePiece({ work, size: 1, batchSize: work === 'plan' ? 1 : 4 }, backend);
    await prepared.step();
    await prepared.step();
    prepared.dispose();
  });

  it.each(['update', 'plan'] as const)('%s draws and feeds dropout masks, as runs and evaluations do', async (work) => {
    const fed: string[] = [];
    const backend = await startBackend('wasm');
    const listening: Backend = {
      ...backend,
      compile: (program) => {
        const compiled = backend.compile(program);
        return {
          load: (state) => compiled.load(state),
          step: (batch, scalars) => {
            fed.push(...[...batch].flatMap(([name, { dtype }]) => (dtype === 'uint8' ? [name] : [])));
            return compiled.step(batch, scalars);
          },
          read: () => compiled.read(),
          dispose: () => compiled.dispose(),
        };
      },
    };
    const prepared = preparePiece({ work, size: 1, batchSize: work === 'plan' ? 1 : 4 }, listening);
    await prepared.step();
    prepared.dispose();
    expect(fed).not.toEqual([]);
  });
});
