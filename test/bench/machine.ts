import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { cpuFlags } from 'systeminformation';
import { type Run } from './protocol.ts';

/** What a result was measured on. */
export interface MachineDescription {
  system: string;
  processor: string;
  cores: number;
  /** Those of its vector instructions that decide how fast a matrix product is. */
  instructions: string[];
  memoryBytes: number;
  node: string;
}

/** The widest vector instructions that libraries for matrix products use. */
export function vectorInstructions(flags: string): string[] {
  return flags.split(/\s+/).filter((flag) => /^(fma|avx2|avx512f|amx_tile|asimd|sve2?)$/.test(flag));
}

export async function describeMachine(): Promise<MachineDescription> {
  return {
    system: `${type()} ${release()}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    instructions: vectorInstructions(await cpuFlags()),
    memoryBytes: totalmem(),
    node: process.version,
  };
}

/** Seconds that all cores were busy since the machine started. */
export function busySeconds(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000;
}

/** Cores that others kept busy during a run: everything that was busy less what the run used. Not below 0. */
export function foreignCores(busy: number, { cpuSeconds, wallSeconds }: Run): number {
  return Math.max(busy - cpuSeconds, 0) / wallSeconds;
}

/** Above these a machine is not idle: the load of the last minute before the first run, and cores that others used during a run. */
const idleLoad = 0.5;
const idleForeign = 0.15;

export function loadOfLastMinute(): number {
  return loadavg()[0] ?? 0;
}

/** What makes figures less reliable than those of an idle machine; undefined for one that was idle. */
export function unrest(loadBefore: number, foreign: number): string | undefined {
  const reasons: string[] = [];
  if (loadBefore > idleLoad) reasons.push(`its load was ${loadBefore.toFixed(2)} before the first run`);
  if (foreign > idleForeign) reasons.push(`other processes kept ${foreign.toFixed(2)} cores busy during the runs`);
  return reasons.length === 0 ? undefined : `this machine is not idle: ${reasons.join('; ')}`;
}
