import type { CheckpointRecord, RunRecord } from '../../../shared/records.ts';

export interface Use {
  run: RunRecord;
  as: 'teacher' | 'start';
}

/**
 * The runs that a checkpoint went into, by its id: as their teacher, or as what their student started from. `job:<run>` in a run's
 * configuration means the last checkpoint of that run.
 */
export function usesByCheckpoint(
  runs: readonly RunRecord[],
  checkpoints: readonly CheckpointRecord[],
): ReadonlyMap<string, readonly Use[]> {
  const uses = new Map<string, Use[]>();
  const add = (reference: string, use: Use): void => {
    const id = checkpointOf(reference, checkpoints);
    const list = uses.get(id);
    if (list === undefined) uses.set(id, [use]);
    else list.push(use);
  };
  for (const run of runs) {
    const { teacher, student, method } = run.config;
    if (method === 'distil' && teacher !== undefined) add(teacher, { run, as: 'teacher' });
    if (student.init !== 'random') add(student.init, { run, as: 'start' });
  }
  return uses;
}

/** The id that a configuration's reference stands for, as far as the checkpoints that there are tell. */
export function checkpointOf(reference: string, checkpoints: readonly CheckpointRecord[]): string {
  if (!reference.startsWith('job:')) return reference;
  const run = reference.slice('job:'.length);
  let last: CheckpointRecord | undefined;
  for (const checkpoint of checkpoints)
    if (checkpoint.run === run && (last === undefined || (checkpoint.step ?? 0) > (last.step ?? 0))) last = checkpoint;
  return last?.id ?? reference;
}

/** Those whose name, id, hash, size or run has every word of the search. */
export function searchCheckpoints(
  checkpoints: readonly CheckpointRecord[],
  search: string,
  runName: (id: string) => string,
): readonly CheckpointRecord[] {
  const words = search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return checkpoints;
  return checkpoints.filter((checkpoint) => {
    const { id, name, facts, run } = checkpoint;
    const text = [id, name, facts.sha256, facts.precision, run ?? 'imported', run === null ? '' : runName(run)]
      .join(' ')
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
