import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { processes } from 'systeminformation';

/** What one process uses. */
export interface ProcessUse {
  /** Share of all cores since the look before; null at the first. */
  utilisation: number | null;
  memoryBytes: number | null;
}

/** Linux counts the time of processes in hundredths of a second, whatever its kernel's own clock. */
const ticksPerSecond = 100;

/** Seconds of computing, in user and in system mode, from /proc/<pid>/stat; undefined where the text is no such line. */
export function processorSecondsOf(stat: string): number | undefined {
  // The second field is the program's name in parentheses, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? ticks / ticksPerSecond : undefined;
}

/** Resident bytes from /proc/<pid>/status; null where it has none. */
export function residentBytesOf(status: string): number | null {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}

interface Mark {
  seconds: number;
  at: number;
}

/** Looks at processes again and again: how busy each was since the look before. */
export class ProcessMeter {
  readonly #marks = new Map<number, Mark>();

  /** A process that is gone is left out. */
  async read(pids: readonly number[]): Promise<Map<number, ProcessUse>> {
    for (const pid of this.#marks.keys()) if (!pids.includes(pid)) this.#marks.delete(pid);
    if (pids.length === 0) return new Map();
    return process.platform === 'linux' ? this.#readLinux(pids) : readElsewhere(pids);
  }

  async #readLinux(pids: readonly number[]): Promise<Map<number, ProcessUse>> {
    const found = new Map<number, ProcessUse>();
    for (const pid of pids) {
      try {
        const [stat, status] = await Promise.all([
          readFile(`/proc/${pid}/stat`, 'utf8'),
          readFile(`/proc/${pid}/status`, 'utf8'),
        ]);
        const seconds = processorSecondsOf(stat);
        const utilisation = seconds === undefined ? null : this.#shareSince(pid, { seconds, at: performance.now() });
        found.set(pid, { utilisation, memoryBytes: residentBytesOf(status) });
      } catch {
        // It ended between the question and the look.
      }
    }
    return found;
  }

  #shareSince(pid: number, mark: Mark): number | null {
    const before = this.#marks.get(pid);
    this.#marks.set(pid, mark);
    if (before === undefined || mark.at <= before.at) return null;
    const share = (1000 * (mark.seconds - before.seconds)) / (mark.at - before.at) / availableParallelism();
    return Math.min(1, Math.max(0, share));
  }
}

/**
 * The share of all cores that the library's percentage is: on Windows that is what it is of, on macOS and the BSDs it is what ps prints, of
 * one core, so that four busy threads are 400.
 */
export function shareOfAllCores(percent: number, platform: NodeJS.Platform, cores: number): number {
  return Math.min(1, Math.max(0, percent / 100 / (platform === 'win32' ? 1 : cores)));
}

/** The library keeps the counts of the look before by itself. */
async function readElsewhere(pids: readonly number[]): Promise<Map<number, ProcessUse>> {
  const { list } = await processes();
  return new Map(
    list
      .filter(({ pid }) => pids.includes(pid))
      .map(({ pid, cpu, memRss }) => [
        pid,
        {
          utilisation: shareOfAllCores(cpu, process.platform, availableParallelism()),
          memoryBytes: memRss * 1024,
        },
      ]),
  );
}
