import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { type Run } from './protocol.ts';

/** What a result was measured on. */
export interface MachineDescription {
  system: string;
  processor: string;
  cores: number;
  memoryBytes: number;
  node: string;
}

export function describeMachine(): MachineDescription {
  return {
    system: `${type()} ${release()}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
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
