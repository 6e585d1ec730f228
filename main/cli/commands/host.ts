import { type Command } from 'commander';
import { DecantError } from '../../../shared/errors.ts';
import { contextOf, withLibrary } from '../context.ts';
import { runDetachedHost } from '../detached.ts';
import { describeDoctor } from '../describeDevice.ts';
import { removeTool, setUpTool } from './setup.ts';
import { serveUntilTold } from '../serving.ts';
import { wholeNumber } from '../values.ts';

interface DoctorOptions {
  setup?: string;
  remove?: string;
  cuda?: boolean;
}

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
    .option('--setup <tool>', 'build a tool that npm does not carry into your data folder: tensorflow')
    .option('--remove <tool>', 'remove it again')
    .option('--cuda', 'with --setup and --remove: the one for an NVIDIA GPU')
    .description('say what works on this machine, and what to install for more')
    .action(async ({ setup, remove, cuda }: DoctorOptions, command: Command) => {
      const context = contextOf(command);
      if (setup !== undefined && remove !== undefined)
        throw new DecantError('USAGE', '--setup and --remove exclude each other');
      if (cuda === true && setup === undefined && remove === undefined)
        throw new DecantError('USAGE', '--cuda says which tool --setup or --remove means, and neither is there');
      if (setup !== undefined) return setUpTool(context, setup, cuda);
      if (remove !== undefined) return removeTool(context, remove, cuda);
      const report = await withLibrary(context, (client) => client.request('doctor', {}));
      context.output.result(report, describeDoctor(report));
    });
}
