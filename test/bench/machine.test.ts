import { describe, expect, it } from 'vitest';
import { busySeconds, foreignCores, unrest, vectorInstructions } from './machine.ts';

const run = { steps: 1, cpuSeconds: 3, wallSeconds: 2, drawCpuSeconds: null, memory: null, peakMemory: null };

describe('who else uses the machine', () => {
  it('is what was busy less what the run used', () => {
    expect(foreignCores(4, run)).toBe(0.5);
    expect(foreignCores(2.9, run)).toBe(0);
  });

  it('says nothing of an idle machine, and why one is not', () => {
    expect(unrest(0.1, 0.02)).toBeUndefined();
    expect(unrest(1.5, 0.02)).toContain('1.50');
    expect(unrest(0.1, 0.8)).toContain('0.80 cores');
  });

  it('names the vector instructions among all flags', () => {
    expect(vectorInstructions('fpu sse2 avx avx2 fma avx512f avx512bw')).toEqual(['avx2', 'fma', 'avx512f']);
  });

  it('grows while something computes', () => {
    const before = busySeconds();
    const begin = process.cpuUsage();
    let spent = 0;
    while (spent < 300_000) {
      const { user, system } = process.cpuUsage(begin);
      spent = user + system;
    }
    expect(busySeconds()).toBeGreaterThan(before);
  });
});
