import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished, vi } from 'vitest';
import { runCommand } from '../../../main/cli/program.ts';
import { nodeFlags } from '../../../shared/nodeFlags.ts';

const main = fileURLToPath(new URL('../../../main/cli/main.ts', import.meta.url));

export interface CommandResult {
  status: number | null;
  stdout: string;
  stderr: string;
}

export interface RunningCommand {
  child: ChildProcess;
  ended: Promise<CommandResult>;
}

/** Starts `decant` with the Node that the tests run on. */
export function startDecant(args: readonly string[], environment: Record<string, string> = {}): RunningCommand {
  const child = spawn(process.execPath, [...nodeFlags, main, ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<CommandResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout, stderr }));
  });
  return { child, ended };
}

export function decant(...args: string[]): Promise<CommandResult> {
  return startDecant(args).ended;
}

/** The same without a process of its own: for commands that need none. Only one at a time. */
export async function decantHere(...args: string[]): Promise<CommandResult> {
  const result = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      result[stream] += String(text);
      return true;
    }),
  );
  try {
    const status = await runCommand(args);
    return { status, ...result };
  } finally {
    spies.forEach((spy) => spy.mockRestore());
    process.exitCode = undefined;
  }
}

/** The one JSON value on stdout of a command that must succeed. */
export async function decantJson(...args: string[]): Promise<unknown> {
  const { status, stdout, stderr } = await decant(...args, '--json');
  if (status !== 0) throw new Error(`decant ${args.join(' ')} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout);
}
