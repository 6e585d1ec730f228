import { expect, it } from 'vitest';
import { type MachineFacts, missingThings, requireDisk, requireMachine } from '../../../main/setup/requirements.ts';
import { capable } from './standIns.ts';

const without = (...programs: string[]): MachineFacts => ({
  ...capable,
  has: (program) => !programs.includes(program),
});

it('nothing is missing on a machine that has all', () => {
  expect(missingThings(capable)).toEqual([]);
  expect(() => requireMachine(capable)).not.toThrow();
});

it.each([
  ['python3', /python3-pip/],
  ['npm', /npm/],
  ['g++', /build-essential/],
  ['tar', /tar/],
])('a missing %s is named with what it is for', (program, sentence) => {
  expect(missingThings(without(program))).toEqual([expect.stringMatching(sentence)]);
  expect(() => requireMachine(without(program))).toThrow(expect.objectContaining({ code: 'SETUP_PROGRAM_MISSING' }));
});

it('everything that is missing is said at once', () => {
  expect(missingThings(without('npm', 'g++'))).toHaveLength(2);
});

it.each([
  [{ ...capable, platform: 'darwin' }, /Linux on x64.*darwin/],
  [{ ...capable, arch: 'arm64' }, /arm64/],
  [{ ...capable, processorFlags: new Set(['sse']) }, /AVX/],
])('machines that it is not for are refused %#', (facts, sentence) => {
  expect(() => requireMachine(facts)).toThrow(
    expect.objectContaining({ code: 'SETUP_UNSUPPORTED', detail: expect.stringMatching(sentence) as unknown }),
  );
});

it('too little disk is said with both numbers', () => {
  expect(() => requireDisk('/tools', 2e9, 1.2e9)).not.toThrow();
  expect(() => requireDisk('/tools', 3e8, 1.2e9)).toThrow(/needs 1.2 GB in \/tools and 300 MB are free/);
});
