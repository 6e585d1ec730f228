import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type HostClient } from '../../shared/contract.ts';
import { DecantError } from '../../shared/errors.ts';
import { errorReportSchema } from '../../shared/values.ts';
import { explainWriteFailure } from '../files/failures.ts';
import { makeFolders } from '../files/makeFolders.ts';
import { openHost } from '../host/host.ts';
import { nodeFlags } from '../../shared/nodeFlags.ts';
import { connectToRunningHost } from './connection.ts';
import { toldToEnd } from './endSignal.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const startPatience = 60_000;

/**
 * Makes sure that a host has the library which outlives this command, and connects to it; without clients it ends when nothing is left
 * to do. Errors: those of opening a library, HOST_GONE.
 */
export async function startDetachedHost(home: string): Promise<HostClient> {
  const running = await connectToRunningHost(home);
  if (running !== undefined) return running;
  const log = join(home, 'host.log');
  const output = openLog(log);
  const logged = fstatSync(output).size;
  const child = spawn(process.execPath, [...nodeFlags, main, 'host', '--home', home, '--json'], {
    detached: true,
    windowsHide: true,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      const said = saidFailure(log, logged);
      // Another one was quicker: then that one answers.
      if (said?.code === 'LIBRARY_LOCKED') return;
      reject(said ?? new DecantError('HOST_GONE', `the host in the background ended with ${String(code)}: see ${log}`));
    });
  });
  // Rejects again later, when nobody listens any more.
  ended.catch(() => undefined);
  const abort = new AbortController();
  try {
    return await Promise.race([ended, waitForHost(home, log, abort.signal)]);
  } finally {
    abort.abort();
    child.removeAllListeners();
    child.unref();
  }
}

/** Errors: FILE_UNWRITABLE, DISK_FULL. */
function openLog(log: string): number {
  try {
    makeFolders(dirname(log));
    return openSync(log, 'a');
  } catch (thrown) {
    throw explainWriteFailure(thrown, log);
  }
}

/** What the host in the background said about its failure, from that byte of its log on. */
function saidFailure(log: string, from: number): DecantError | undefined {
  for (const line of readFileSync(log).subarray(from).toString('utf8').split('\n').reverse()) {
    if (!line.startsWith('{"error":')) continue;
    const said = z.object({ error: errorReportSchema }).safeParse(JSON.parse(line));
    if (said.success) return new DecantError(said.data.error.code, said.data.error.detail);
  }
  return undefined;
}

async function waitForHost(home: string, log: string, signal: AbortSignal): Promise<HostClient> {
  const deadline = Date.now() + startPatience;
  while (true) {
    const client = await connectToRunningHost(home);
    if (client !== undefined) return client;
    if (signal.aborted || Date.now() > deadline)
      throw new DecantError('HOST_GONE', `the host in the background does not answer: see ${log}`);
    await delay(50);
  }
}

/** So long without work and clients ends a host in the background. */
const idleMilliseconds = 3000;

/** The host in the background: works off the queue, then ends. */
export async function runDetachedHost(home: string): Promise<void> {
  const host = await openHost({ home, log: (text) => process.stderr.write(`${new Date().toISOString()} ${text}\n`) });
  const stopped = new AbortController();
  const stop = toldToEnd().then(() => stopped.abort());
  let idleSince = Date.now();
  while (!stopped.signal.aborted) {
    await Promise.race([host.idle(), stop]);
    const { length } = (await host.client.request('jobs.list', {})).filter(({ state }) =>
      ['queued', 'running', 'stopping'].includes(state),
    );
    // Nothing comes between this look at the clients and the end of listening: whoever was answered is heard out.
    if (length > 0 || host.clients() > 0) idleSince = Date.now();
    else if (Date.now() - idleSince >= idleMilliseconds) break;
    await Promise.race([delay(200), stop]);
  }
  await host.close();
}
