import { basename } from 'node:path';
import { DecantError } from '../../shared/errors.ts';
import type { JobKind } from '../../shared/jobs.ts';
import type { LibraryPaths } from '../files/library.ts';
import type { JobInput, NewJob } from '../store/jobs.ts';
import type { Store } from '../store/store.ts';
import { writeJobFile } from './folder/files.ts';
import { jobPathsIn } from './folder/layout.ts';
import {
  checkConfiguration,
  inputReferences,
  jobOfReference,
  resolveInput,
  writeReference,
  type CheckedConfiguration,
} from './inputs.ts';

export interface JobRequest {
  kind: JobKind;
  configuration: unknown;
  name?: string | undefined;
  group?: string | undefined;
  /** Not shown in lists, such as an estimate. */
  hidden?: boolean | undefined;
  /** Jobs that must finish first, beside those that the configuration refers to. */
  after?: readonly string[] | undefined;
}

/**
 * Checks requests, fixes what they read and writes their folders; nothing is queued yet.
 * Errors: CONFIG_INVALID, NOT_FOUND, ID_AMBIGUOUS, DISK_FULL.
 */
export async function prepareJobs(
  store: Store,
  library: LibraryPaths,
  codeVersion: string,
  requests: readonly JobRequest[],
): Promise<{ id: string; job: NewJob }[]> {
  const ids = requests.map(({ kind }) => store.newJobId(kind));
  const prepared: { id: string; job: NewJob }[] = [];
  for (const [index, request] of requests.entries()) {
    const id = ids[index] ?? '';
    const checked = checkConfiguration(request.kind, withGroupIds(request.configuration, ids));
    const dependsOn: string[] = (request.after ?? []).map((other) => groupId(other, ids));
    const inputs: JobInput[] = [];
    for (const reference of inputReferences(checked)) {
      const other = jobOfReference(reference.reference);
      if (other === undefined) {
        const input = await resolveInput(store, reference);
        writeReference(checked, reference.key, input.id);
        inputs.push(input);
      } else {
        if (!ids.includes(other)) await store.getJob(other);
        dependsOn.push(other);
      }
    }
    prepared.push({
      id,
      job: {
        kind: request.kind,
        name: request.name ?? nameOf(checked),
        configuration: checked.configuration,
        codeVersion,
        group: request.group,
        hidden: request.hidden,
        dependsOn,
        inputs,
        ...countsOf(checked),
      },
    });
  }
  const createdAt = new Date().toISOString();
  for (const { id, job } of prepared)
    await writeJobFile(jobPathsIn(library, id), {
      formatVersion: 1,
      id,
      kind: job.kind,
      configuration: job.configuration,
      createdAt,
      codeVersion,
    });
  return prepared;
}

/** `#0` is the first job of the same group. */
function groupId(reference: string, ids: readonly string[]): string {
  const match = /^#(\d+)$/.exec(reference);
  if (match === null) return reference;
  const id = ids[Number(match[1])];
  if (id === undefined) throw new DecantError('NOT_FOUND', `the group has no job ${reference}`);
  return id;
}

function withGroupIds(value: unknown, ids: readonly string[]): unknown {
  if (typeof value === 'string' && value.startsWith('job:#')) return `job:${groupId(value.slice(4), ids)}`;
  if (Array.isArray(value)) return value.map((entry) => withGroupIds(entry, ids));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, withGroupIds(entry, ids)]));
}

function countsOf(checked: CheckedConfiguration): { steps?: number; seed?: number } {
  const { kind, configuration } = checked;
  if (kind === 'train') return { steps: configuration.steps, seed: configuration.seed };
  return 'seed' in configuration ? { seed: configuration.seed } : {};
}

/** The first file's name, and how many come with it. */
function filesText([first = '', ...others]: readonly string[]): string {
  const name = basename(first);
  return `${name === '' ? first : name}${others.length === 0 ? '' : ` (+${others.length})`}`;
}

/** What lists call a job without a name of its own. */
function nameOf(checked: CheckedConfiguration): string {
  const { kind, configuration } = checked;
  switch (kind) {
    case 'train': {
      const what = configuration.method === 'distil' ? 'Distil' : 'Train';
      return configuration.name ?? `${what} ${configuration.student.size}M, seed ${configuration.seed}`;
    }
    // Never the bare name: that is what they bring into the library, and names are references.
    case 'import':
      return `Import ${configuration.name ?? filesText(configuration.paths)}`;
    case 'collect':
      return `Collect ${configuration.name ?? configuration.tasks.join(', ')}`;
    case 'label':
      return 'Label';
    case 'export':
      return `Export ${configuration.format} ${configuration.precision}`;
    case 'bundle':
      return 'Bundle a run';
    case 'evaluate':
      return `Evaluate on ${configuration.tasks.length} tasks`;
    case 'assess':
      return 'Assess';
    case 'estimate':
      return 'Estimate';
    case 'benchmark':
      return `Benchmark ${configuration.backend}`;
    case 'verify':
      return 'Verify';
    case 'setup':
      return `Set up ${configuration.tool} (${configuration.variant})`;
  }
}
