import { laneOf } from '../../../shared/jobs.ts';
import type { JobRecord } from '../../../shared/records.ts';
import { isActive } from '../../host/records.ts';

/** The jobs that a run started now would wait for: those of its lane that have not ended, in the order of their turn. */
export function jobsBefore(jobs: readonly JobRecord[]): JobRecord[] {
  const lane = laneOf('train');
  return jobs
    .filter((job) => isActive(job) && laneOf(job.kind) === lane)
    .toSorted((left, right) => turn(left) - turn(right) || left.position - right.position);
}

function turn(job: JobRecord): number {
  return job.state === 'queued' ? 1 : 0;
}
