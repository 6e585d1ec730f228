import { Command, CommanderError } from 'commander';
import { codeVersion } from '../host/version.ts';
import { addBenchCommand } from './commands/bench.ts';
import { addDataCommands } from './commands/data.ts';
import { addDiskCommands } from './commands/disk.ts';
import { addHostCommands } from './commands/host.ts';
import { addLibraryCommands } from './commands/library.ts';
import { addModelCommands } from './commands/models.ts';
import { addStartCommand } from './commands/start.ts';
import { addTrainCommands } from './commands/train.ts';
import { reportFailure } from './output.ts';

/** The command line. Exit 0 done, 1 failed with one clear message, 2 wrong usage. */
function createProgram(): Command {
  const program = new Command('decant')
    .description('Distils big TD-MPC2 world models into small ones, and keeps every experiment.')
    .version(codeVersion())
    .option('--home <folder>', 'the library folder (or DECANT_HOME)')
    .option('--json', 'one JSON value on stdout')
    .showHelpAfterError('Run the command with --help to see what it takes.')
    .exitOverride();
  for (const add of [
    addStartCommand,
    addHostCommands,
    addDataCommands,
    addLibraryCommands,
    addDiskCommands,
    addTrainCommands,
    addModelCommands,
    addBenchCommand,
  ])
    add(program);
  // Every command takes the options of all, after its name as well.
  for (const command of program.commands)
    command
      .option('--home <folder>', 'the library folder (or DECANT_HOME)')
      .option('--json', 'one JSON value on stdout');
  return program;
}

/** Runs one command; `args` are those after the program's name. Returns the exit status. */
export async function runCommand(args: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (thrown) {
    // Commander said already what it did not understand; asked for help it did what was wanted.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    return reportFailure(thrown, args.includes('--json'));
  }
}
