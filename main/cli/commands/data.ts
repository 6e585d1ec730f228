import { resolve } from 'node:path';
import { type Command } from 'commander';
import type { HostClient } from '../../../shared/contract.ts';
import { DecantError } from '../../../shared/errors.ts';
import type { CheckpointRecord, DatasetRecord, JobDetail, JobRecord } from '../../../shared/records.ts';
import { contextOf, withLibrary } from '../context.ts';
import { describeCheckpoint, describeDataset } from '../describe.ts';
import { followToFinish } from '../follow.ts';
import { plural } from '../format.ts';
import { taskList, wholeNumber } from '../values.ts';

export function addDataCommands(program: Command): void {
  program
    .command('import')
    .argument(
      '<paths...>',
      'a chunk file or folder of chunks, a checkpoint (.pt, .safetensors), or the bundle of a run (.decant)',
    )
    .option('--name <name>', 'what lists call it')
    .description('take a dataset, checkpoint or run into the library, recognised by content')
    .action(async (paths: string[], { name }: { name?: string }, command: Command) => {
      const context = contextOf(command);
      await withLibrary(context, async (client) => {
        const whole = paths.map((path) => resolve(path));
        const { grant } = await client.request('grants.create', { paths: whole, use: 'read' });
        const { id } = await client.request('import.start', { grant, ...(name !== undefined && { name }) });
        const detail = await followToFinish(client, id, { title: 'import' });
        const entries = await importedEntries(client, detail);
        const people = entries.map(({ text, duplicate }) =>
          duplicate ? `Already in the library, not stored twice:\n${text}` : text,
        );
        const [first] = entries;
        if (first === undefined) throw new DecantError('FORMAT_UNKNOWN', whole.join(', '));
        const machine = entries.map(({ record, kind, duplicate }) => ({ ...record, kind, duplicate }));
        context.output.result({ ...machine[0], job: id, entries: machine }, people.join('\n'));
      });
    });

  program
    .command('collect')
    .requiredOption('--tasks <names>', 'tasks, separated by commas', taskList)
    .option('--policy <policy>', 'random, or a checkpoint; a run means its last one', 'random')
    .requiredOption('--episodes <n>', 'episodes of each task', wholeNumber)
    .option('--seed <n>', 'seed', wholeNumber, 1)
    .option('--name <name>', 'what lists call the dataset')
    .description('record a dataset in the simulator')
    .action(async (config: Record<string, unknown>, command: Command) => {
      const context = contextOf(command);
      await withLibrary(context, async (client) => {
        const { id } = await client.request('jobs.start', { kind: 'collect', config: ownOptions(config) });
        const { datasets } = await followToFinish(client, id, { title: 'collect' });
        const dataset = datasets[0] ?? (await newestDataset(client));
        context.output.result({ ...dataset, kind: 'dataset', job: id }, describeDataset(dataset));
      });
    });

  program
    .command('label')
    .requiredOption('--dataset <dataset>', 'id, prefix or name')
    .requiredOption('--teacher <checkpoint>', 'id, prefix or name; a run means its last one')
    .option('--backend <name>', 'what computes', 'auto')
    .description("fill the teacher's reward column for a whole dataset")
    .action(async (config: Record<string, unknown>, command: Command) => {
      const context = contextOf(command);
      await withLibrary(context, async (client) => {
        const { id } = await client.request('jobs.start', { kind: 'label', config: ownOptions(config) });
        const { job, config: complete } = await followToFinish(client, id, { title: 'label' });
        context.output.result({ id, kind: 'label', state: job.state, config: complete }, `Labelled (${id}).`);
      });
    });
}

/** Options of the command itself; those for every command are the program's. */
function ownOptions(options: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([key]) => key !== 'home' && key !== 'json'));
}

interface Entry {
  kind: 'checkpoint' | 'dataset' | 'run';
  record: CheckpointRecord | DatasetRecord | JobRecord;
  text: string;
  duplicate: boolean;
}

/** What a job imported: new entries and, by their content, those that were there before. */
async function importedEntries(client: HostClient, detail: JobDetail): Promise<Entry[]> {
  const duplicates = detail.result?.kind === 'import' ? detail.result.duplicates : [];
  const checkpoints = new Map(detail.checkpoints.map((one) => [one.id, one]));
  const datasets = new Map(detail.datasets.map((one) => [one.id, one]));
  if (duplicates.length > 0) {
    for (const one of await client.request('checkpoints.list', {}))
      if (duplicates.includes(one.facts.sha256)) checkpoints.set(one.id, one);
    for (const one of await client.request('datasets.list', {}))
      if (duplicates.includes(one.facts.manifest)) datasets.set(one.id, one);
  }
  const runs: Entry[] = [];
  const known = duplicates.filter((one) => one.startsWith('r-'));
  for (const id of [...(detail.result?.kind === 'import' ? detail.result.runs : []), ...known]) {
    const { job, checkpoints: own } = await client.request('jobs.get', { id });
    const text = `${job.id}  ${job.name}  ${job.state} at step ${job.step ?? 0}, ${plural(own.length, 'checkpoint')}`;
    runs.push({ kind: 'run', record: job, text, duplicate: known.includes(id) });
  }
  return [
    ...runs,
    ...[...checkpoints.values()].map((record) => ({
      kind: 'checkpoint' as const,
      record,
      text: describeCheckpoint(record),
      duplicate: duplicates.includes(record.facts.sha256),
    })),
    ...[...datasets.values()].map((record) => ({
      kind: 'dataset' as const,
      record,
      text: describeDataset(record),
      duplicate: duplicates.includes(record.facts.manifest),
    })),
  ];
}

/** The same episodes recorded again are the dataset that is there. */
async function newestDataset(client: HostClient): Promise<DatasetRecord> {
  const [newest] = await client.request('datasets.list', {});
  if (newest === undefined) throw new DecantError('INTERNAL', 'nothing was collected');
  return newest;
}
