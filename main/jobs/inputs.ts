import { existsSync } from 'node:fs';
import { DecantError } from '../../shared/errors.ts';
import type { StartFile } from '../../shared/jobFolder.ts';
import { jobConfigurationSchemas, type JobConfiguration, type JobKind } from '../../shared/jobs.ts';
import type { CheckpointRecord } from '../../shared/records.ts';
import { checkpointFile, manifestFile, type LibraryPaths } from '../files/library.ts';
import type { JobInput } from '../store/jobs.ts';
import type { Store } from '../store/store.ts';

export interface InputReference {
  /** Key in start.json. */
  key: string;
  entity: 'checkpoint' | 'dataset';
  reference: string;
}

export type CheckedConfiguration = {
  [Kind in JobKind]: { kind: Kind; configuration: JobConfiguration<Kind> };
}[JobKind];

/** Fills the defaults of a configuration. Errors: CONFIG_INVALID naming the entry. */
export function checkConfiguration(kind: JobKind, configuration: unknown): CheckedConfiguration {
  const parsed = jobConfigurationSchemas[kind].safeParse(configuration);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const path = issue?.path.map(String).join('.') ?? '';
    throw new DecantError('CONFIG_INVALID', `${path === '' ? kind : path}: ${issue?.message ?? 'not allowed'}`);
  }
  // Kind and schema were chosen together.
  return { kind, configuration: parsed.data } as CheckedConfiguration;
}

/** What a job reads, by the configuration keys that refer to it. */
export function inputReferences(checked: CheckedConfiguration): InputReference[] {
  const checkpoint = (key: string, reference: string): InputReference => ({ key, entity: 'checkpoint', reference });
  const dataset = (reference: string): InputReference => ({ key: 'dataset', entity: 'dataset', reference });
  switch (checked.kind) {
    case 'train':
    case 'estimate': {
      const { configuration } = checked;
      const references = [dataset(configuration.dataset)];
      if (configuration.method === 'distil' && configuration.teacher !== undefined)
        references.push(checkpoint('teacher', configuration.teacher));
      if (configuration.student.init !== 'random') references.push(checkpoint('init', configuration.student.init));
      return references;
    }
    case 'collect':
      return checked.configuration.policy === 'random' ? [] : [checkpoint('policy', checked.configuration.policy)];
    case 'label':
      return [dataset(checked.configuration.dataset), checkpoint('teacher', checked.configuration.teacher)];
    case 'export':
    case 'evaluate':
      return [checkpoint('checkpoint', checked.configuration.checkpoint)];
    case 'assess': {
      const { configuration } = checked;
      const references = [dataset(configuration.dataset), checkpoint('student', configuration.student)];
      if (configuration.teacher !== undefined) references.push(checkpoint('teacher', configuration.teacher));
      return references;
    }
    case 'import':
    case 'bundle':
    case 'benchmark':
    case 'verify':
    case 'setup':
      return [];
  }
}

/** Writes the id that a reference meant into the configuration, so that later names and prefixes cannot change its meaning. */
export function writeReference({ configuration }: CheckedConfiguration, key: string, id: string): void {
  if (key === 'init' && 'student' in configuration && typeof configuration.student === 'object')
    configuration.student.init = id;
  else Object.assign(configuration, { [key]: id });
}

/** The job that a reference `job:<id>` waits for; undefined for other references. */
export function jobOfReference(reference: string): string | undefined {
  return reference.startsWith('job:') ? reference.slice('job:'.length) : undefined;
}

/** Finds what a reference means now. Errors: NOT_FOUND, ID_AMBIGUOUS, PREDECESSOR_FAILED when the earlier job made no such thing. */
export async function resolveInput(store: Store, { key, entity, reference }: InputReference): Promise<JobInput> {
  const job = jobOfReference(reference);
  if (entity === 'dataset') {
    const found =
      job === undefined
        ? await store.contents.getDataset((await store.resolve(['dataset'], reference)).id)
        : await store.contents.lastDatasetOf(job);
    if (found === undefined) throw new DecantError('PREDECESSOR_FAILED', `${String(job)} made no dataset for "${key}"`);
    return { key, entity, id: found.id, content: found.facts.manifest };
  }
  const found = job === undefined ? await findCheckpoint(store, reference) : await store.contents.lastCheckpointOf(job);
  if (found === undefined)
    throw new DecantError('PREDECESSOR_FAILED', `${String(job)} made no checkpoint for "${key}"`);
  return { key, entity, id: found.id, content: found.facts.sha256 };
}

/** The checkpoint that a reference means: of a run or other job its last one. Errors: NOT_FOUND, ID_AMBIGUOUS. */
export async function findCheckpoint(store: Store, reference: string): Promise<CheckpointRecord> {
  // Checkpoints first: an import and what it imported have the same name.
  const { id, kind } = await store.resolve(['checkpoint'], reference).catch((thrown: unknown) => {
    if (thrown instanceof DecantError && thrown.code === 'NOT_FOUND')
      return store.resolve(['checkpoint', 'job'], reference);
    throw thrown;
  });
  const found = kind === 'job' ? await store.contents.lastCheckpointOf(id) : await store.contents.getCheckpoint(id);
  if (found === undefined) throw new DecantError('NOT_FOUND', `${id} has no checkpoint`);
  return found;
}

/**
 * The inputs of start.json from what was fixed for the job, with their files looked for.
 * Errors: NOT_FOUND for a checkpoint that was deleted, DATASET_VANISHED, FILE_UNREADABLE for a missing file.
 */
export async function startInputs(
  store: Store,
  library: LibraryPaths,
  inputs: readonly JobInput[],
): Promise<Pick<StartFile, 'datasets' | 'checkpoints'>> {
  const result: Pick<StartFile, 'datasets' | 'checkpoints'> = { datasets: {}, checkpoints: {} };
  for (const { key, entity, id, content } of inputs) {
    if (entity === 'dataset') {
      if (!existsSync(manifestFile(library, content)))
        throw new DecantError('DATASET_VANISHED', `the manifest of ${id} is not in the library`);
      result.datasets[key] = { id, manifest: content };
      continue;
    }
    const { name, facts } = await checkpointInput(store, id, content);
    if (!existsSync(checkpointFile(library, content)))
      throw new DecantError('FILE_UNREADABLE', `the file of checkpoint ${id} is not in the library`);
    result.checkpoints[key] = { id, name, sha256: content, architecture: facts.architecture };
  }
  return result;
}

/** A run that came as a bundle names checkpoints by the ids of another library: the same content does. */
async function checkpointInput(store: Store, id: string, content: string): Promise<CheckpointRecord> {
  try {
    return await store.contents.getCheckpoint(id);
  } catch (thrown) {
    const same = (await store.contents.listCheckpoints()).find(({ facts }) => facts.sha256 === content);
    if (same === undefined) throw thrown;
    return same;
  }
}

/** What a verification looks at: the whole library, or one entry. Errors: NOT_FOUND, ID_AMBIGUOUS. */
export async function verifyTargets(store: Store, reference: string | undefined): Promise<StartFile['verify']> {
  const wanted = reference === undefined ? undefined : (await store.resolve(['checkpoint', 'dataset'], reference)).id;
  const checkpoints = (await store.contents.listCheckpoints()).map(({ id, facts }) => ({
    id,
    kind: 'checkpoint' as const,
    sha256: facts.sha256,
  }));
  const datasets = (await store.contents.listDatasets()).map(({ id, facts }) => ({
    id,
    kind: 'dataset' as const,
    sha256: facts.manifest,
  }));
  return [...checkpoints, ...datasets].filter(({ id }) => wanted === undefined || id === wanted);
}
