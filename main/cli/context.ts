import { type Command } from 'commander';
import { type HostClient } from '../../shared/contract.ts';
import { libraryHome, openLibrary } from './connection.ts';
import { createOutput, type Output } from './output.ts';

/** What every command has: where the library is and where to write. */
export interface Context {
  readonly home: string;
  readonly output: Output;
}

interface GlobalOptions {
  home?: string;
  json?: boolean;
}

export function contextOf(command: Command): Context {
  const { home, json } = command.optsWithGlobals<GlobalOptions>();
  return { home: libraryHome(home), output: createOutput(json === true) };
}

/** Opens the library for one command, or goes through `connected`, and closes it, whatever happens. */
export async function withLibrary<Result>(
  { home, output }: Context,
  action: (client: HostClient) => Promise<Result>,
  connected?: HostClient,
): Promise<Result> {
  const log = process.env['DECANT_DEBUG'] === undefined ? undefined : (text: string) => output.note(text);
  const onWaiting = (): void => {
    output.note('Other commands still go through this one: it ends with them. Ctrl-C leaves at once.');
  };
  const client = connected ?? (await openLibrary(home, { onWaiting, ...(log !== undefined && { log }) }));
  try {
    return await action(client);
  } finally {
    await client.close();
  }
}
