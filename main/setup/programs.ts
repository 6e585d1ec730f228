import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { setPriority } from 'node:os';
import { delimiter, join } from 'node:path';
import { DecantError } from '../../shared/errors.ts';

export interface ProgramRun {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface ProgramEnd {
  /** Null where a signal ended it. */
  readonly status: number | null;
  /** The last lines that it printed. */
  readonly printed: string;
}

/** Runs a program to its end; tests put their own in its place. Errors: SETUP_PROGRAM_MISSING; the signal's reason once it is aborted. */
export type RunProgram = (run: ProgramRun, signal: AbortSignal) => Promise<ProgramEnd>;

const keptCharacters = 4000;
/** Behind whatever else the machine does. */
const politePriority = 10;

/** What it prints goes to this process's standard error, which is the job's log. An abort ends it with all that it started. */
export const runProgram: RunProgram = async ({ program, args, cwd, environment }, signal) => {
  signal.throwIfAborted();
  const ownGroup = process.platform !== 'win32';
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: ownGroup,
    env: { ...process.env, ...environment },
    ...(cwd !== undefined && { cwd }),
  });
  let printed = '';
  const hear = (chunk: Buffer): void => {
    process.stderr.write(chunk);
    printed = (printed + chunk.toString('utf8')).slice(-keptCharacters);
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const end = (): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(ownGroup ? -child.pid : child.pid, 'SIGKILL');
    } catch {
      // Gone already.
    }
  };
  signal.addEventListener('abort', end);
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
      child.once('spawn', () => {
        if (child.pid !== undefined) lower(child.pid);
      });
    });
    signal.throwIfAborted();
    return { status, printed };
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT')
      throw new DecantError('SETUP_PROGRAM_MISSING', `${program} was not found`, { cause: thrown });
    throw thrown;
  } finally {
    signal.removeEventListener('abort', end);
  }
};

function lower(pid: number): void {
  try {
    setPriority(pid, politePriority);
  } catch {
    // It has ended, or the system does not allow it: then it runs as everything does.
  }
}

/** Where a program lies on the path of the machine. */
export function findProgram(name: string, environment: NodeJS.ProcessEnv = process.env): string | undefined {
  for (const folder of (environment['PATH'] ?? '').split(delimiter)) {
    if (folder === '') continue;
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      // Not here.
    }
  }
  return undefined;
}

/** The last lines of what a program printed, for a message of one sentence. */
export function lastLines(printed: string, count = 3): string {
  const lines = printed
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.slice(-count).join(' | ');
}
