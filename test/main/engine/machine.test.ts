import { cpus } from 'node:os';
import { expect, it } from 'vitest';
import { type Backend } from '../../../main/engine/compute/program.ts';
import { cardOf, describeMachine, threadsOf } from '../../../main/engine/machine.ts';

const backend: Backend = {
  name: 'some',
  compile: () => {
    throw new Error('nothing is compiled here');
  },
};

it('names the processor where no card computes, and the threads that the backend says', () => {
  expect(describeMachine(backend)).toEqual({ backend: 'some', device: cpus()[0]?.model.trim() });
  expect(threadsOf({ ...backend, threads: 1 })).toBe(1);
  expect(threadsOf(backend)).toBeGreaterThan(0);
});

it('names the first card that is visible', () => {
  const printed = 'NVIDIA GeForce RTX 3060\nNVIDIA GeForce MX450\n';
  expect(cardOf(printed, undefined)).toBe('NVIDIA GeForce RTX 3060');
  expect(cardOf(printed, '')).toBe('NVIDIA GeForce RTX 3060');
  expect(cardOf(printed, '1,0')).toBe('NVIDIA GeForce MX450');
  expect(cardOf(printed, 'GPU-5d1b3a3e')).toBe('NVIDIA GeForce RTX 3060');
  expect(cardOf(printed, '7')).toBe('unknown graphics card');
  expect(cardOf('', undefined)).toBe('unknown graphics card');
});
