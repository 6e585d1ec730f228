import { architectureOfSize, sizeOfArchitecture, type Architecture } from '../../shared/architecture.ts';
import { type RunConfiguration } from '../../shared/configuration.ts';
import { DecantError } from '../../shared/errors.ts';
import type { CheckpointRecord, DatasetRecord } from '../../shared/records.ts';
import { findCheckpoint } from '../jobs/inputs.ts';
import { type Store } from '../store/store.ts';

/** Checks at once what a run would otherwise find out after minutes: that its inputs exist and fit each other. */
export async function checkRunInputs(store: Store, configuration: RunConfiguration): Promise<void> {
  const dataset = await findDataset(store, configuration.dataset);
  const { size, numQ, init } = configuration.student;
  if (configuration.method === 'distil' && configuration.teacher !== undefined)
    await checkTeacher(store, configuration.teacher, dataset);
  if (init === 'random') return;
  const start = await checkpointOf(store, init);
  const difference = start && firstDifference(start.facts.architecture, architectureOfSize(size, numQ));
  if (start !== undefined && difference !== undefined)
    throw new DecantError(
      'CONFIG_INVALID',
      `student.init: ${start.id} (${start.name}) is ${sizeName(start)}, whose ${difference.key} is ${difference.left}; ` +
        `the student of size ${size} has ${difference.right}`,
    );
}

/** Errors: TEACHER_MISMATCH, NOT_FOUND, ID_AMBIGUOUS. A teacher that an earlier job will make is checked by the engine. */
export async function checkTeacher(store: Store, reference: string, dataset: DatasetRecord | undefined): Promise<void> {
  const teacher = await checkpointOf(store, reference);
  if (teacher === undefined) return;
  const { architecture } = teacher.facts;
  const needed = architectureOfSize(1);
  const data = dataset === undefined ? 'MT30 data' : `dataset ${dataset.id} (${dataset.name})`;
  const checks = [
    ['observations of length', architecture.obsDim, needed.obsDim],
    ['actions of length', architecture.actionDim, needed.actionDim],
    ['a number of tasks of', architecture.numTasks, needed.numTasks],
  ] as const;
  for (const [what, has, needs] of checks)
    if (has !== needs)
      throw new DecantError(
        'TEACHER_MISMATCH',
        `teacher ${teacher.id} (${teacher.name}) expects ${what} ${has}, ${data} has ${needs}`,
      );
}

/** Undefined for `job:<id>`: what that job makes is not there yet. */
export async function findDataset(store: Store, reference: string): Promise<DatasetRecord | undefined> {
  if (reference.startsWith('job:')) return undefined;
  return store.contents.getDataset((await store.resolve(['dataset'], reference)).id);
}

async function checkpointOf(store: Store, reference: string): Promise<CheckpointRecord | undefined> {
  return reference.startsWith('job:') ? undefined : findCheckpoint(store, reference);
}

interface Difference {
  key: string;
  left: number;
  right: number;
}

function firstDifference(left: Architecture, right: Architecture): Difference | undefined {
  const keys = Object.keys(right) as (keyof Architecture)[];
  const key = keys.find((one) => left[one] !== right[one]);
  return key === undefined ? undefined : { key, left: left[key], right: right[key] };
}

function sizeName(checkpoint: CheckpointRecord): string {
  const size = sizeOfArchitecture(checkpoint.facts.architecture);
  return size === undefined ? 'a custom net' : `of size ${size}`;
}
