import { type Command } from 'commander';
import { usageKinds } from '../../../shared/diskUse.ts';
import { contextOf, withLibrary } from '../context.ts';
import { formatBytes, formatTable } from '../format.ts';

export function addDiskCommands(program: Command): void {
  program
    .command('usage')
    .description('say what the library takes on the disk, and what of it can be freed')
    .action(async (_options: object, command: Command) => {
      const context = contextOf(command);
      const usage = await withLibrary(context, (client) => client.request('library.usage', {}));
      const kinds = usageKinds.map((kind) => `  ${kind.padEnd(12)}${formatBytes(usage.bytes[kind])}`);
      const rows = usage.freeable.map(({ id, kind, name, bytes, blocked }) => [
        kind,
        blocked === null ? formatBytes(bytes) : 'in use',
        name,
        id,
      ]);
      const free =
        rows.length === 0
          ? 'Nothing can be freed but by deleting entries.'
          : `Can be freed with \`decant free ID...\`:\n${formatTable(['kind', 'size', 'what', 'id'], rows)}`;
      const home = `${usage.home}, ${formatBytes(usage.freeDiskBytes)} free on its disk`;
      context.output.result(usage, [home, ...kinds, free].join('\n'));
    });

  program
    .command('free')
    .argument('<ids...>', 'as `decant usage` lists them')
    .description('free what `decant usage` lists; it cannot be undone')
    .action(async (what: string[], _options: object, command: Command) => {
      const context = contextOf(command);
      const freed = await withLibrary(context, (client) => client.request('library.free', { what }));
      const later =
        freed.laterBytes === 0 ? '' : ` ${formatBytes(freed.laterBytes)} more go when the running job ends.`;
      context.output.result(freed, `Freed ${formatBytes(freed.bytes)}.${later}`);
    });
}
