import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';
import { nodeFlags } from '../../../shared/nodeFlags.ts';
import { repository } from '../runtime/places.ts';

const main = join(repository, 'main/cli/main.ts');

/** `decant serve` as people run it: a process of its own on one library. */
export interface Served {
  readonly home: string;
  readonly url: string;
  readonly port: number;
  /** What it printed besides its address. */
  readonly printed: () => string;
  /** Ends it as Ctrl-C does; resolves when it is gone. */
  stop(): Promise<void>;
}

const addressSchema = z.object({ url: z.string(), port: z.int() });

export async function serve(home: string, port = 0): Promise<Served> {
  const args = [...nodeFlags, main, 'serve', '--home', home, '--json', ...(port === 0 ? [] : ['--port', String(port)])];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const address = await new Promise<z.infer<typeof addressSchema>>((resolve, reject) => {
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('\n')) resolve(addressSchema.parse(JSON.parse(said)));
    });
    child.once('error', reject);
    child.once('exit', (status) => reject(new Error(`decant serve ended with ${status}: ${printed}`)));
  });
  return {
    home,
    ...address,
    printed: () => printed,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** The one JSON value that a command prints about a library, through the host that has it open. */
export async function askCommand(home: string, ...args: string[]): Promise<unknown> {
  return JSON.parse(await command(home, ...args, '--json'));
}

/** What a command of `decant` prints. Errors: throws with what it said when it failed. */
export async function command(home: string, ...args: string[]): Promise<string> {
  const child = spawn(process.execPath, [main, ...args, '--home', home], { stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  let complained = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complained += text;
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (status !== 0) throw new Error(`decant ${args.join(' ')} ended with ${status}: ${complained}`);
  return printed;
}
