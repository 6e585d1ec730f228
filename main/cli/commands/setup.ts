import { type HostClient, type ToolReport } from '../../../shared/contract.ts';
import { DecantError } from '../../../shared/errors.ts';
import { toolNames, type ToolVariant } from '../../../shared/jobs.ts';
import { type Context, withLibrary } from '../context.ts';
import { followToFinish } from '../follow.ts';
import { formatBytes } from '../format.ts';

type ToolName = (typeof toolNames)[number];

/** Errors: USAGE for a tool that does not exist. */
function toolNamed(name: string): ToolName {
  const tool = toolNames.find((known) => known === name);
  if (tool === undefined)
    throw new DecantError('USAGE', `there is no set-up for "${name}"; there is one for ${toolNames.join(', ')}`);
  return tool;
}

function variantOf(cuda: boolean | undefined): ToolVariant {
  return cuda === true ? 'cuda' : 'cpu';
}

async function reportOf(client: HostClient, variant: ToolVariant): Promise<ToolReport> {
  const found = (await client.request('tools.list', {})).find((one) => one.variant === variant);
  if (found === undefined) throw new DecantError('SETUP_UNSUPPORTED', `there is none for ${variant}`);
  return found;
}

/** `decant doctor --setup`: says the sizes, then sets the tool up and follows. Errors: those of the set-up. */
export async function setUpTool(context: Context, name: string, cuda: boolean | undefined): Promise<void> {
  const tool = toolNamed(name);
  const variant = variantOf(cuda);
  await withLibrary(context, async (client) => {
    const before = await reportOf(client, variant);
    const { downloadBytes, installedBytes, neededBytes, folder, state } = before;
    if (state !== 'ready')
      context.output.note(
        `${tool} ${before.version} (${variant}) goes into ${folder}: ${formatBytes(downloadBytes)} to download, ` +
          `${formatBytes(installedBytes)} on the disk when done, at most ${formatBytes(neededBytes)} meanwhile.`,
      );
    const job = await client.request('tools.setup', { tool, variant });
    const interruptNote =
      'Stopping: what is done stays, and the same command goes on from there. Ctrl-C again leaves at once.';
    const { messages } = await followToFinish(client, job.id, { title: 'set-up', interruptNote });
    const said = messages.map(({ text }) => text).at(-1) ?? `${tool} ${before.version} is set up.`;
    context.output.result({ id: job.id, kind: 'setup', tool: await reportOf(client, variant) }, said);
  });
}

/** `decant doctor --remove`. Errors: IN_USE. */
export async function removeTool(context: Context, name: string, cuda: boolean | undefined): Promise<void> {
  const tool = toolNamed(name);
  const variant = variantOf(cuda);
  const removed = await withLibrary(context, (client) => client.request('tools.remove', { tool, variant }));
  context.output.result(
    removed,
    removed.bytes === 0
      ? `${tool} (${variant}) was not set up.`
      : `Removed ${tool} (${variant}): ${formatBytes(removed.bytes)} are free again.`,
  );
}
