import { describe, expect, it } from 'vitest';
import { readRequest } from './options.ts';
import { jobSchema } from './protocol.ts';
import { designOf } from './sides.ts';

function design(args: string, device: 'cpu' | 'cuda' = 'cpu') {
  const request = readRequest(args.split(' '));
  if (request.command !== 'bench') throw new Error('no benchmark');
  return designOf(request.options, device);
}

function compared(args: string, device: 'cpu' | 'cuda' = 'cpu'): string[] {
  return design(args, device).comparisons.map(
    ({ numerator, denominator, time }) => `${numerator}/${denominator} ${time}`,
  );
}

describe('the processes of a benchmark', () => {
  it('compares both programs on one thread by CPU time', () => {
    expect(compared('update')).toEqual(['decant-1-1/torch-1-1 cpu']);
    expect(design('update').sides.map(({ key }) => key)).toEqual(['decant-1-1', 'torch-1-1']);
  });

  it('goes by the clock where a GPU computes', () => {
    expect(compared('update', 'cuda')).toEqual(['decant-1-1/torch-1-1 wall']);
  });

  it('measures the gain of threads on both sides in the same run', () => {
    expect(compared('update --threads 2')).toEqual([
      'decant-1-1/torch-1-1 cpu',
      'decant-1-1/decant-2-1 wall',
      'torch-1-1/torch-2-1 wall',
      'decant-2-1/torch-2-1 wall',
    ]);
    expect(design('update --threads 2').sides.map(({ job }) => job.threads)).toEqual([1, 1, 2, 2]);
  });

  it('compares rows of labels by their rate', () => {
    expect(compared('label')).toEqual(['torch-1-1/decant-1-1 cpu']);
  });

  it('counts plans of every environment, and rows of a labelled batch', () => {
    expect(compared('plan --environments 8')).toEqual(['decant-1-1/torch-1-1 cpu', 'decant-1-8/decant-1-1 cpu']);
    const together = design('plan --environments 8').sides.at(-1);
    expect(together).toMatchObject({ unitsPerStep: 8, job: { environments: 8, threads: 1 } });
    expect(design('label --batch 32').sides[0]?.unitsPerStep).toBe(32);
  });

  it('compares nothing with PyTorch that is not there', () => {
    expect(compared('update --alone --threads 2')).toEqual(['decant-1-1/decant-2-1 wall']);
    expect(design('update --alone').sides.every(({ program }) => program === 'decant')).toBe(true);
  });

  it('gives both sides the same job, which their protocol accepts', () => {
    const { sides } = design('update --dropout on');
    const [first] = sides;
    for (const { job } of sides) {
      expect(jobSchema.parse(JSON.parse(JSON.stringify(job)))).toEqual(first?.job);
      expect(job.hyperparameters.dropout).toBe(0.01);
      expect(job.discount).toBeCloseTo(0.99);
    }
    expect(design('update').sides[0]?.job.hyperparameters.dropout).toBe(0);
  });
});
