import { openHost } from '../host/host.ts';
import { serveWeb, type WebServer } from '../host/transport/serve.ts';
import { type Context } from './context.ts';
import { toldToEnd } from './endSignal.ts';

/**
 * Runs a host for browsers of this machine until the process is told to end; prints its address. `ready` is called once it can be
 * opened, and returns what to say beside the address.
 */
export async function serveUntilTold(
  { home, output }: Context,
  port: number | undefined,
  ready: (web: WebServer) => Promise<string> = () => Promise.resolve(''),
): Promise<void> {
  const host = await openHost({ home, log: (text) => output.note(text) });
  try {
    const web = await serveWeb(host.core, { home, ...(port !== undefined && { port }) });
    try {
      const { url, token } = web;
      // Before the address is printed: whoever reads it may end the host at once.
      const told = toldToEnd();
      const machine = { url, port: web.port, token, home, pid: process.pid };
      output.result(machine, `Decant runs at ${url}\nLibrary: ${home}`);
      if (!output.json) output.note(await Promise.race([ready(web), told.then(() => '')]));
      await told;
      output.note('Ending: running jobs save their work. Once more leaves at once.');
    } finally {
      await web.close();
    }
  } finally {
    await host.close();
  }
}
