import { cpus } from 'node:os';

/** What the processor did until some moment: seconds that its cores were busy, seconds of them by this process, and the moment. */
export interface ProcessorMark {
  busySeconds: number;
  ownSeconds: number;
  atSeconds: number;
}

/** The system counts in hundredths of a second: a shorter stretch says nothing. */
const shortestSeconds = 0.25;

/** How things are at this moment. */
export function markProcessor(): ProcessorMark {
  const busy = cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
  const { user, system } = process.cpuUsage();
  return { busySeconds: busy / 1e3, ownSeconds: (user + system) / 1e6, atSeconds: performance.now() / 1e3 };
}

/** Cores that other programs kept busy between two moments; null where that is too short a time, or the system does not count. */
export function otherCores(before: ProcessorMark, after: ProcessorMark): number | null {
  const seconds = after.atSeconds - before.atSeconds;
  const busy = after.busySeconds - before.busySeconds;
  if (seconds < shortestSeconds || after.busySeconds === 0) return null;
  return Math.max(0, busy - (after.ownSeconds - before.ownSeconds)) / seconds;
}
