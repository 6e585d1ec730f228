import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { systemCodeOf } from '../../files/failures.ts';

const execute = promisify(execFile);

interface LinuxProcess {
  /** R, S, D, Z, … as in proc(5). */
  state: string;
  /** Clock ticks after boot. */
  started: string;
}

async function readLinuxProcess(pid: number): Promise<LinuxProcess | undefined> {
  try {
    const line = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses, which may hold anything.
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
    const [state, started] = [fields[0], fields[19]];
    return state === undefined || started === undefined ? undefined : { state, started };
  } catch {
    return undefined;
  }
}

async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim();
}

/**
 * When a process started, as a text that only equals that of the same process: a process id alone is used again after a while.
 * Null when it is not known.
 */
export async function processStartTime(pid: number): Promise<string | null> {
  try {
    if (process.platform === 'linux') {
      const found = await readLinuxProcess(pid);
      return found === undefined ? null : `${await bootId()}:${found.started}`;
    }
    if (process.platform === 'win32') {
      const script = `(Get-Process -Id ${pid}).StartTime.ToFileTimeUtc()`;
      const { stdout } = await execute('powershell', ['-NoProfile', '-NonInteractive', '-Command', script]);
      return stdout.trim() || null;
    }
    const { stdout } = await execute('ps', ['-o', 'lstart=', '-p', String(pid)], {
      env: { ...process.env, LC_ALL: 'C' },
    });
    return stdout.trim() || null;
  } catch {
    return null;
  }
}

/**
 * Whether the process that had this id and start time still runs. A dead one that its parent has not collected counts as gone.
 * "unknown": some process has the id, and one of the start times is not known.
 */
export async function isSameProcessAlive(pid: number, started: string | null): Promise<'alive' | 'gone' | 'unknown'> {
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    if (systemCodeOf(thrown) !== 'EPERM') return 'gone';
  }
  if (process.platform === 'linux') {
    const found = await readLinuxProcess(pid);
    if (found === undefined || found.state === 'Z' || found.state === 'X') return 'gone';
  }
  const current = await processStartTime(pid);
  if (started === null || current === null) return 'unknown';
  return current === started ? 'alive' : 'gone';
}
