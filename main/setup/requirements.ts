import { readFile } from 'node:fs/promises';
import { DecantError } from '../../shared/errors.ts';
import { formatSize } from './formatSize.ts';
import { findProgram } from './programs.ts';

/** What a set-up needs of the machine. */
export interface MachineFacts {
  readonly platform: string;
  readonly arch: string;
  /** Processor flags of Linux; empty where unknown. */
  readonly processorFlags: ReadonlySet<string>;
  readonly has: (program: string) => boolean;
}

export async function machineFacts(environment: NodeJS.ProcessEnv = process.env): Promise<MachineFacts> {
  const description = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const flags = /^flags\s*:\s*(.*)$/m.exec(description)?.[1] ?? '';
  return {
    platform: process.platform,
    arch: process.arch,
    processorFlags: new Set(flags.split(' ').filter((flag) => flag !== '')),
    has: (program) => findProgram(program, environment) !== undefined,
  };
}

const programs = {
  python3: 'python3, which downloads TensorFlow (package python3 with python3-pip)',
  npm: 'npm, which downloads the sources of the binding',
  tar: 'tar, which unpacks them',
  'g++': 'g++, which compiles the binding (package g++ or build-essential)',
} as const;

/** Sentences, one for each thing that is missing; none when the set-up can begin. */
export function missingThings(facts: MachineFacts): string[] {
  if (facts.platform !== 'linux' || facts.arch !== 'x64')
    return [`this set-up is made for Linux on x64, and this is ${facts.platform} on ${facts.arch}`];
  const missing: string[] = [];
  if (facts.processorFlags.size > 0 && !facts.processorFlags.has('avx'))
    missing.push('this processor has no AVX instructions, without which TensorFlow does not start');
  for (const [program, purpose] of Object.entries(programs)) if (!facts.has(program)) missing.push(purpose);
  return missing;
}

/** Errors: SETUP_UNSUPPORTED, SETUP_PROGRAM_MISSING naming all that is missing. */
export function requireMachine(facts: MachineFacts): void {
  const missing = missingThings(facts);
  if (missing.length === 0) return;
  const unsupported = missing.some((sentence) => sentence.startsWith('this '));
  throw new DecantError(unsupported ? 'SETUP_UNSUPPORTED' : 'SETUP_PROGRAM_MISSING', missing.join('; '));
}

/** Errors: DISK_FULL with both numbers. */
export function requireDisk(folder: string, freeBytes: number, neededBytes: number): void {
  if (freeBytes >= neededBytes) return;
  throw new DecantError(
    'DISK_FULL',
    `the set-up needs ${formatSize(neededBytes)} in ${folder} and ${formatSize(freeBytes)} are free there`,
  );
}
