import { readFile } from 'node:fs/promises';
import { type Command } from 'commander';
import { type HostClient } from '../../../shared/contract.ts';
import { DecantError } from '../../../shared/errors.ts';
import { quickPour } from '../../../shared/presets.ts';
import { contextOf, withLibrary, type Context } from '../context.ts';
import { startDetachedHost } from '../detached.ts';
import { formatBytes, formatCount, formatDuration, formatNumber, formatTable } from '../format.ts';
import { followJob, followToFinish, requireFinished } from '../follow.ts';
import { pourQuickly } from '../quickPour.ts';
import { type Output } from '../output.ts';
import { collectValues, withSettings } from '../values.ts';

interface TrainOptions {
  preset?: string;
  config?: string;
  set: string[];
  detach?: boolean;
  estimate: boolean;
}

export function addTrainCommands(program: Command): void {
  program
    .command('train')
    .option('--preset <name>', 'a preset; `quick` needs no data')
    .option('--config <file>', 'a configuration as JSON')
    .option('--set <key=value>', 'change an entry, e.g. --set student.size=5; may be repeated', collectValues, [])
    .option('--detach', 'leave the run to a host in the background')
    .option('--no-estimate', 'do not measure memory and time first')
    .description('queue a training run and follow it')
    .action(async (options: TrainOptions, command: Command) => {
      if ((options.preset === undefined) === (options.config === undefined))
        throw new DecantError('USAGE', '`train` takes either --preset or --config');
      const context = contextOf(command);
      const background = options.detach === true ? await startDetachedHost(context.home) : undefined;
      await withLibrary(
        context,
        (client) =>
          options.preset === quickPour.name
            ? pourQuickly(client, context.output, quickSeed(options.set), options.detach === true)
            : train(client, context, options),
        background,
      );
    });

  program
    .command('stop')
    .argument('<run>', 'id, unambiguous prefix or name of a run or other job')
    .description('stop a run after it wrote a checkpoint')
    .action(async (reference: string, _options: object, command: Command) => {
      const context = contextOf(command);
      await withLibrary(context, async (client) => {
        await client.request('jobs.stop', { id: reference });
        const { job } = await client.request('jobs.get', { id: reference });
        const detail = job.state === 'stopping' ? await followJob(client, job.id, { title: job.id }) : { job };
        context.output.result({ ...detail.job }, `${job.id} is ${detail.job.state}.`);
      });
    });

  program
    .command('resume')
    .argument('<run>', 'id, unambiguous prefix or name of a run or other job')
    .option('--detach', 'leave the run to a host in the background')
    .description('go on from the last checkpoint')
    .action(async (reference: string, { detach }: { detach?: boolean }, command: Command) => {
      const context = contextOf(command);
      const background = detach === true ? await startDetachedHost(context.home) : undefined;
      await withLibrary(
        context,
        async (client) => {
          await client.request('jobs.resume', { id: reference });
          const { job } = await client.request('jobs.get', { id: reference });
          await followRun(client, context.output, job.id, detach === true);
        },
        background,
      );
    });

  program
    .command('metrics')
    .argument('<run>', 'id, unambiguous prefix or name')
    .option('--csv', 'every recorded value: step,metric,value')
    .description('show what a run recorded')
    .action(async (id: string, { csv }: { csv?: boolean }, command: Command) => {
      const context = contextOf(command);
      await withLibrary(context, async (client) => {
        if (csv === true || context.output.json) {
          const series = await client.request('metrics.read', { id, maxPoints: 10_000_000 });
          if (csv !== true) context.output.result(series, '');
          else {
            const lines = series.flatMap(({ metric, steps, last }) =>
              Array.from(steps, (step, index) => `${step},${metric},${last[index] ?? Number.NaN}\n`),
            );
            context.output.result(series, `step,metric,value\n${lines.join('')}`);
          }
          return;
        }
        const { metrics } = await client.request('jobs.get', { id });
        const rows = Object.entries(metrics).map(([name, { last, lastStep, min, max }]) => [
          name,
          formatNumber(last),
          formatNumber(min),
          formatNumber(max),
          formatCount(lastStep),
        ]);
        context.output.result(metrics, formatTable(['metric', 'last', 'lowest', 'highest', 'at step'], rows));
      });
    });
}

async function train(client: HostClient, { output }: Context, options: TrainOptions): Promise<void> {
  const base =
    options.preset !== undefined
      ? (await client.request('presets.configuration', { name: options.preset })).config
      : await readConfiguration(options.config ?? '');
  const config = withSettings(base, options.set);
  if (options.estimate) await estimate(client, output, config);
  const { id } = await client.request('runs.start', { config });
  await followRun(client, output, id, options.detach === true);
}

/** Errors: MEMORY_INSUFFICIENT, by the engine before it allocates or here by what it measured. */
async function estimate(client: HostClient, output: Output, config: unknown): Promise<void> {
  const { id } = await client.request('runs.estimate', { config });
  output.note('Measuring memory and time…');
  const { result } = await followToFinish(client, id, { title: 'estimate', quiet: true });
  if (result?.kind !== 'estimate') throw new DecantError('INTERNAL', 'the estimate has no result');
  const { memoryBytes, freeMemoryBytes, secondsPerStep, trainingSeconds, labelSeconds, windowsToLabel, backend } =
    result.estimate;
  if (memoryBytes > freeMemoryBytes)
    throw new DecantError(
      'MEMORY_INSUFFICIENT',
      `the run needs about ${formatBytes(memoryBytes)}, ${formatBytes(freeMemoryBytes)} are free`,
    );
  const labels =
    windowsToLabel > 0
      ? `, before it ${formatDuration(labelSeconds)} to label ${formatCount(windowsToLabel)} windows`
      : '';
  output.note(
    `Needs about ${formatBytes(memoryBytes)} of ${formatBytes(freeMemoryBytes)} free memory; ` +
      `${formatDuration(secondsPerStep)} a step by ${backend}, ${formatDuration(trainingSeconds)} in all${labels}.`,
  );
}

async function followRun(client: HostClient, output: Output, id: string, detached: boolean): Promise<void> {
  const { job, checkpoints } = detached
    ? await client.request('jobs.get', { id })
    : await followJob(client, id, { title: id });
  const last = [...checkpoints].sort((left, right) => (right.step ?? 0) - (left.step ?? 0))[0];
  const machine = { ...job, kind: job.kind === 'train' ? 'run' : job.kind, checkpoint: last?.id ?? null };
  if (detached) {
    output.result(machine, `${id} is ${job.state} in the background: \`decant show ${id}\`, \`decant stop ${id}\`.`);
    return;
  }
  // A stop was asked for: what was reached is a result, though not a finished run.
  if (job.state === 'stopped') process.exitCode = 1;
  else requireFinished(job);
  const reached = job.steps === null ? '' : ` at step ${formatCount(job.step ?? 0)} of ${formatCount(job.steps)}`;
  const next =
    job.state === 'stopped'
      ? `Go on with \`decant resume ${id}\`.`
      : last === undefined
        ? ''
        : `Its checkpoint is ${last.id}: \`decant export --checkpoint ${last.id} --format pt --precision fp16 --out .\``;
  output.result(machine, `${id} is ${job.state}${reached}.\n${next}`);
}

async function readConfiguration(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (thrown) {
    throw new DecantError('FILE_UNREADABLE', `${path}: ${String(thrown)}`, { cause: thrown });
  }
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new DecantError('CONFIG_INVALID', `${path} is not JSON: ${thrown instanceof Error ? thrown.message : ''}`);
  }
}

/** The quick pour has one setting. */
function quickSeed(settings: readonly string[]): number | undefined {
  if (settings.length === 0) return undefined;
  const changed = withSettings({}, settings);
  const entries = Object.entries(changed as Record<string, unknown>);
  const seed = entries[0]?.[1];
  if (entries.length !== 1 || entries[0]?.[0] !== 'seed' || typeof seed !== 'number')
    throw new DecantError('CONFIG_INVALID', 'of the preset quick only the seed can be set: --set seed=2');
  return seed;
}
