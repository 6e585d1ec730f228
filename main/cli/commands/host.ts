import { type Command } from 'commander';
import { DecantError } from '../../../shared/errors.ts';
import { contextOf, withLibrary } from '../context.ts';
import { runDetachedHost } from '../detached.ts';
import { describeDoctor } from '../describeDevice.ts';
import { serveUntilTold } from '../serving.ts';
import { wholeNumber } from '../values.ts';

export function addHostCommands(program: Command): void {
  program
    .command('serve')
    .option('--port <n>', 'port on 127.0.0.1; a free one without it', wholeNumber)
    .description('run the host for a browser on this machine; prints the address with its token')
    .action(({ port }: { port?: number }, command: Command) => serveUntilTold(contextOf(command), port));

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
      context.output.result(report, describeDoctor(report));
    });
}
