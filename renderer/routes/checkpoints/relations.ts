import type { CheckpointRecord, RunRecord } from '../../../shared/contract.ts';

export interface Use {
  run: RunRecord;
  as: 'teacher' | 'start';
}

/** The runs that a checkpoint went into, by its id: as their teacher, or as what their student started from. */
export function usesByCheckpoint(runs: readonly RunRecord[]): ReadonlyMap<string, readonly Use[]> {
  const uses = new Map<string, Use[]>();
  const add = (id: string, use: Use): void => {
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
