import { resolve } from 'node:path';
import { type Command } from 'commander';
import { type HostClient } from '../../../shared/contract.ts';
import { DecantError } from '../../../shared/errors.ts';
import { contextOf, withLibrary } from '../context.ts';
import { formatBytes, formatNumber, formatTable, plural } from '../format.ts';
import { followToFinish } from '../follow.ts';
import { taskList, wholeNumber } from '../values.ts';

interface EvaluateOptions {
  checkpoint: string;
  tasks: string[];
  episodes: number;
  planner: string;
  sample?: boolean;
  seed: number;
  backend: string;
}

interface ExportOptions {
  checkpoint: string;
  format: string;
  precision: string;
  out?: string;
}

export function addModelCommands(program: Command): void {
  program
    .command('evaluate')
    .requiredOption('--checkpoint <checkpoint>', 'id, prefix or name; a run means its last one')
    .requiredOption('--tasks <names>', 'mt30, or tasks separated by commas', taskList)
    .option('--episodes <n>', 'episodes of each task', wholeNumber, 1)
    .option('--planner <planner>', 'policy, or mppi: plan each action as the paper scores', 'policy')
    .option('--sample', 'draw actions from the policy in place of its mean')
    .option('--seed <n>', 'seed', wholeNumber, 1)
    .option('--backend <name>', 'what computes', 'auto')
    .description('score a checkpoint in the simulator')
    .action(async (options: EvaluateOptions, command: Command) => {
      const { checkpoint, tasks, episodes, seed, sample, backend } = options;
      const planner = oneOf('--planner', options.planner, ['policy', 'mppi'], []);
      if (planner === 'mppi' && sample === true)
        throw new DecantError('USAGE', '--sample is about --planner policy; mppi always draws');
      const context = contextOf(command);
      await withLibrary(context, async (client) => {
        const config = { checkpoint, tasks, episodes, planner, seed, backend, sample: sample === true };
        const { id } = await client.request('jobs.start', { kind: 'evaluate', config });
        const { result } = await followToFinish(client, id, { title: 'evaluate' });
        if (result?.kind !== 'evaluate') throw new DecantError('INTERNAL', 'the evaluation has no result');
        const { evaluation } = result;
        const rows = evaluation.tasks.map(({ task, meanReturn, returns }) => [
          task,
          formatNumber(meanReturn),
          String(returns.length),
        ]);
        const table = formatTable(['task', 'mean return', 'episodes'], rows);
        context.output.result({ id, kind: 'evaluate', ...evaluation }, `${table}score ${evaluation.score.toFixed(2)}`);
      });
    });

  program
    .command('export')
    .requiredOption('--checkpoint <checkpoint>', 'id, prefix or name; a run means its last one')
    .option('--format <format>', 'safetensors or pt (onnx comes with a later version)', 'safetensors')
    .option('--precision <precision>', 'fp32 or fp16 (int8 comes with a later version)', 'fp16')
    .option('--out <folder>', "folder for the file; without it, it stays in the library's job folder")
    .description('write a checkpoint as a file, with a report')
    .action(async (options: ExportOptions, command: Command) => {
      const format = oneOf('--format', options.format, ['safetensors', 'pt'], ['onnx']);
      const precision = oneOf('--precision', options.precision, ['fp32', 'fp16'], ['int8']);
      const context = contextOf(command);
      await withLibrary(context, async (client) => {
        const grant = await writeGrant(client, options.out);
        const { checkpoint } = options;
        const wanted = { checkpoint, format, precision, ...(grant !== undefined && { grant }) };
        const { id } = await client.request('export.start', wanted);
        const { result } = await followToFinish(client, id, { title: 'export' });
        if (result?.kind !== 'export') throw new DecantError('INTERNAL', 'the export has no result');
        const { report } = result;
        context.output.result(
          { id, kind: 'export', ...report },
          `${report.path}\n` +
            `  ${report.format} ${report.precision}, ${formatBytes(report.bytes)} (fp32 ${formatBytes(report.fp32Bytes)})\n` +
            `  largest error against fp32: ${formatNumber(report.maxAbsoluteError)} absolute, ` +
            `${formatNumber(report.maxRelativeError)} of the tensor's largest weight\n  sha256 ${report.sha256}`,
        );
      });
    });

  program
    .command('bundle')
    .argument('<run>', 'id, prefix or name of a run that has ended')
    .option('--out <folder>', "folder for the file; without it, it stays in the library's job folder")
    .description('write a run with its metrics and checkpoints as one file, for `decant import` in another library')
    .action(async (run: string, { out }: { out?: string }, command: Command) => {
      const context = contextOf(command);
      await withLibrary(context, async (client) => {
        const grant = await writeGrant(client, out);
        const { id } = await client.request('bundle.start', { run, ...(grant !== undefined && { grant }) });
        const { result } = await followToFinish(client, id, { title: 'bundle' });
        if (result?.kind !== 'bundle') throw new DecantError('INTERNAL', 'the bundle has no result');
        const { report } = result;
        context.output.result(
          { id, kind: 'bundle', ...report },
          `${report.path}\n  ${formatBytes(report.bytes)} with ${plural(report.checkpoints, 'checkpoint')}\n  sha256 ${report.sha256}`,
        );
      });
    });
}

async function writeGrant(client: HostClient, folder: string | undefined): Promise<string | undefined> {
  if (folder === undefined) return undefined;
  return (await client.request('grants.create', { paths: [resolve(folder)], use: 'write' })).grant;
}

/** Errors: NOT_BUILT for what later versions bring, USAGE for what none will. */
function oneOf<Value extends string>(
  option: string,
  given: string,
  allowed: readonly Value[],
  later: readonly string[],
): Value {
  const found = allowed.find((value) => value === given);
  if (found !== undefined) return found;
  if (later.includes(given))
    throw new DecantError(
      'NOT_BUILT',
      `${option} ${given} comes with a later version; there are ${allowed.join(' and ')}`,
    );
  throw new DecantError('USAGE', `${option} ${given}: allowed are ${allowed.join(', ')}`);
}
