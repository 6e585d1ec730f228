import { type Command } from 'commander';
import { DecantError } from '../../../shared/errors.ts';
import { openHost } from '../../host/host.ts';
import { findLockHolder } from '../../host/lock.ts';
import { serveWeb } from '../../host/transport/serve.ts';
import { contextOf, withLibrary, type Context } from '../context.ts';
import { runDetachedHost } from '../detached.ts';
import { toldToEnd } from '../endSignal.ts';
import { formatBytes } from '../format.ts';
import { wholeNumber } from '../values.ts';

const howToGoOn = [
  'The window comes with a later version. Until then, in another terminal (this one keeps the host):',
  '  npm run --silent decant -- train --preset quick     distils a small agent, needs no data',
  '  npm run --silent decant -- import PATH              takes a dataset or a checkpoint in',
  '  npm run --silent decant -- --help                   everything else',
  'Ctrl-C ends the host; running jobs save their work first.',
].join('\n');

export function addHostCommands(program: Command): void {
  program
    .command('start')
    .option('--port <n>', 'port on 127.0.0.1; a free one without it', wholeNumber)
    .description('start Decant and say how to go on')
    .action(async ({ port }: { port?: number }, command: Command) => {
      const context = contextOf(command);
      const holder = await findLockHolder(context.home);
      if (holder === undefined) return serve(context, port, howToGoOn);
      context.output.result(
        { home: context.home, pid: holder.pid },
        `Decant already has ${context.home} open (process ${holder.pid}): commands go through it.`,
      );
    });

  program
    .command('serve')
    .option('--port <n>', 'port on 127.0.0.1; a free one without it', wholeNumber)
    .description('run the host for a browser on this machine; prints the address with its token')
    .action(({ port }: { port?: number }, command: Command) => serve(contextOf(command), port, ''));

  program
    .command('host', { hidden: true })
    .description('the host in the background that --detach starts')
    .action((_options: object, command: Command) => runDetachedHost(contextOf(command).home));

  program
    .command('doctor')
    .option('--setup <what>', 'comes with a later version')
    .option('--cuda', 'comes with a later version')
    .description('say what works on this machine, and what to install for more')
    .action(async ({ setup }: { setup?: string }, command: Command) => {
      if (setup !== undefined)
        throw new DecantError(
          'NOT_BUILT',
          `setting up ${setup} comes with a later version; \`decant doctor\` names the packages that can be installed by npm`,
        );
      const context = contextOf(command);
      const report = await withLibrary(context, (client) => client.request('doctor', {}));
      const backends = report.backends.flatMap(({ name, works, detail, action }) => [
        `  ${works ? 'works' : 'absent'}  ${name}: ${detail.split('\n')[0] ?? ''}`,
        ...(action === null ? [] : [`          ${action}`]),
      ]);
      const lines = [
        `Decant ${report.version}, Node ${report.node}, ${report.platform}`,
        `processor  ${report.processor}, ${report.cores} cores`,
        `memory     ${formatBytes(report.freeMemoryBytes)} free of ${formatBytes(report.memoryBytes)}`,
        `library    ${report.home}, ${formatBytes(report.freeDiskBytes)} free on its disk`,
        'backends',
        ...backends,
      ];
      context.output.result(report, lines.join('\n'));
    });
}

/** Runs until it is told to end. */
async function serve({ home, output }: Context, port: number | undefined, more: string): Promise<void> {
  const host = await openHost({ home, log: (text) => output.note(text) });
  try {
    const web = await serveWeb(host.core, { home, ...(port !== undefined && { port }) });
    try {
      const { url, token } = web;
      // Before the address is printed: whoever reads it may end the host at once.
      const told = toldToEnd();
      output.result(
        { url, port: web.port, token, home, pid: process.pid },
        `Decant runs at ${url}\nLibrary: ${home}\n${more}`,
      );
      await told;
      output.note('Ending: running jobs save their work. Once more leaves at once.');
    } finally {
      await web.close();
    }
  } finally {
    await host.close();
  }
}
