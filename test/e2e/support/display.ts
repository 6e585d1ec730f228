import { spawn } from 'node:child_process';
import { type Readable } from 'node:stream';

export interface Display {
  /** For DISPLAY. */
  name: string;
  close(): void;
}

/** The screen that there is, or a virtual one of its own; otherwise the reason why there is none. */
export async function openDisplay(): Promise<Display | { missing: string }> {
  const { DISPLAY: own, DECANT_TEST_SCREEN: wanted } = process.env;
  if (process.platform !== 'linux') return { name: '', close: () => undefined };
  if (own !== undefined && own !== '' && wanted === 'own') return { name: own, close: () => undefined };
  const server = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1920x1080x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  return new Promise((resolve) => {
    server.once('error', () => resolve({ missing: 'there is no Xvfb (package xvfb)' }));
    server.once('exit', (code) => resolve({ missing: `Xvfb ended with ${String(code)}` }));
    const output = server.stdio[3] as Readable;
    output.once('data', (chunk: Buffer) => {
      resolve({ name: `:${chunk.toString('utf8').trim()}`, close: () => server.kill() });
    });
  });
}
