import { type Command } from 'commander';
import { DecantError } from '../../../shared/errors.ts';
import type { JobDetail } from '../../../shared/records.ts';
import { contextOf, withLibrary } from '../context.ts';
import { describeCheckpoint, describeDataset, describeLabels, sizeText } from '../describe.ts';
import { formatBytes, formatCount, formatNumber, formatTable } from '../format.ts';
import { followToFinish } from '../follow.ts';

export function addLibraryCommands(program: Command): void {
  program
    .command('datasets')
    .description('list the datasets of the library')
    .action(async (_options: object, command: Command) => {
      const context = contextOf(command);
      const datasets = await withLibrary(context, (client) => client.request('datasets.list', {}));
      const rows = datasets.map(({ id, name, facts }) => [
        id,
        name,
        String(facts.tasks.length),
        formatCount(facts.episodes),
        formatCount(facts.transitions),
        formatBytes(facts.bytes),
      ]);
      const table = formatTable(['id', 'name', 'tasks', 'episodes', 'transitions', 'size'], rows);
      const labels = datasets.flatMap(({ id, labels }) => labels.map((label) => `${id}  ${describeLabels(label)}`));
      context.output.result(
        datasets,
        rows.length === 0
          ? 'No datasets yet: `decant import PATH` or `decant collect`.'
          : [table, ...labels].join('\n'),
      );
    });

  program
    .command('checkpoints')
    .description('list the checkpoints of the library')
    .action(async (_options: object, command: Command) => {
      const context = contextOf(command);
      const checkpoints = await withLibrary(context, (client) => client.request('checkpoints.list', {}));
      const rows = checkpoints.map((checkpoint) => [
        checkpoint.id,
        checkpoint.name,
        sizeText(checkpoint),
        checkpoint.facts.precision,
        formatBytes(checkpoint.facts.bytes),
        checkpoint.run === null ? 'imported' : `${checkpoint.run} step ${formatCount(checkpoint.step ?? 0)}`,
      ]);
      const table = formatTable(['id', 'name', 'size', 'precision', 'file', 'from'], rows);
      context.output.result(
        checkpoints,
        rows.length === 0 ? 'No checkpoints yet: `decant import PATH` or a run.' : table,
      );
    });

  program
    .command('runs')
    .description('list the training runs, newest first')
    .action(async (_options: object, command: Command) => {
      const context = contextOf(command);
      const runs = await withLibrary(context, (client) => client.request('runs.list', {}));
      const rows = runs.map(({ id, name, state, step, steps, createdAt }) => [
        id,
        name,
        state,
        `${formatCount(step ?? 0)}/${formatCount(steps ?? 0)}`,
        createdAt.slice(0, 16).replace('T', ' '),
      ]);
      const table = formatTable(['id', 'name', 'state', 'step', 'queued (UTC)'], rows);
      context.output.result(runs, rows.length === 0 ? 'No runs yet: `decant train --preset quick`.' : table);
    });

  program
    .command('show')
    .argument('<id>', 'id, unambiguous prefix or name')
    .description('show a run or other job, a checkpoint or a dataset')
    .action(async (reference: string, _options: object, command: Command) => {
      const context = contextOf(command);
      await withLibrary(context, async (client) => {
        const { id, kind } = await client.request('library.resolve', { reference });
        if (kind === 'job') {
          const detail = await client.request('jobs.get', { id });
          context.output.result(machineJob(detail), describeJob(detail));
        } else if (kind === 'checkpoint') {
          const found = (await client.request('checkpoints.list', {})).find((one) => one.id === id);
          if (found === undefined) throw new DecantError('NOT_FOUND', id);
          context.output.result({ ...found, kind, config: null, checkpoints: [] }, describeCheckpoint(found));
        } else {
          const found = (await client.request('datasets.list', {})).find((one) => one.id === id);
          if (found === undefined) throw new DecantError('NOT_FOUND', id);
          context.output.result({ ...found, kind, config: null, checkpoints: [] }, describeDataset(found));
        }
      });
    });

  program
    .command('delete')
    .argument('<id>', 'id, unambiguous prefix or name')
    .description('remove an entry with its files from the library')
    .action(async (id: string, _options: object, command: Command) => {
      const context = contextOf(command);
      const removed = await withLibrary(context, (client) => client.request('library.delete', { id }));
      context.output.result(removed, `Removed ${removed.removed.join(', ')} (${formatBytes(removed.bytes)}).`);
    });

  program
    .command('verify')
    .argument('[id]', 'only this checkpoint or dataset')
    .description('hash the files of the library again')
    .action(async (id: string | undefined, _options: object, command: Command) => {
      const context = contextOf(command);
      const broken = await withLibrary(context, async (client) => {
        const job = await client.request('library.verify', id === undefined ? {} : { id });
        const { result } = await followToFinish(client, job.id, { title: 'verify' });
        if (result?.kind !== 'verify') throw new DecantError('INTERNAL', 'the verification has no result');
        const { entries } = result.verification;
        const rows = entries.map((entry) => [
          entry.id,
          entry.kind,
          String(entry.files),
          entry.error === null ? 'whole' : `${entry.error.code}: ${entry.error.detail}`,
        ]);
        context.output.result({ entries }, formatTable(['id', 'kind', 'files', 'state'], rows));
        return entries.filter(({ error }) => error !== null).length;
      });
      if (broken > 0) process.exitCode = 1;
    });
}

/** What scripts get: the job's own fields, its configuration and its checkpoints, oldest first. */
function machineJob(detail: JobDetail): object {
  const { job, checkpoints, ...others } = detail;
  const ordered = [...checkpoints].sort((left, right) => (left.step ?? 0) - (right.step ?? 0));
  return { ...job, ...others, checkpoints: ordered };
}

function describeJob(detail: JobDetail): string {
  const { job, checkpoints, metrics, messages } = detail;
  const steps = job.steps === null ? '' : `, step ${formatCount(job.step ?? 0)} of ${formatCount(job.steps)}`;
  const lines = [`${job.kind} ${job.id}  ${job.name}`, `  state       ${job.state}${steps}`];
  if (job.attempt > 1) lines.push(`  attempt     ${job.attempt}`);
  if (job.backend !== null) lines.push(`  computed by ${job.backend}${job.device === null ? '' : ` on ${job.device}`}`);
  if (job.error !== null) lines.push(`  error       ${job.error.code}: ${job.error.detail}`);
  lines.push(`  config      ${JSON.stringify(detail.config)}`);
  for (const { level, text } of messages) lines.push(`  ${level.padEnd(11)} ${text}`);
  const ordered = [...checkpoints].sort((left, right) => (left.step ?? 0) - (right.step ?? 0));
  for (const { id, step, pinned } of ordered)
    lines.push(`  checkpoint  ${id}  step ${formatCount(step ?? 0)}${pinned ? '  (pinned)' : ''}`);
  const rows = Object.entries(metrics).map(([name, { last, lastStep, min, max }]) => [
    `  ${name}`,
    formatNumber(last),
    formatNumber(min),
    formatNumber(max),
    formatCount(lastStep),
  ]);
  if (rows.length > 0) lines.push(formatTable(['  metric', 'last', 'lowest', 'highest', 'at step'], rows));
  return lines.join('\n');
}
