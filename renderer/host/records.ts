import type { JobRecord, RunRecord } from '../../shared/records.ts';

/** A run with the part of its record that a job event carries. */
export function runWithJob(run: RunRecord, job: JobRecord): RunRecord {
  return { ...run, ...job, kind: 'train' };
}

/** A run with one more step of metrics: last, lowest and highest follow as the host keeps them. */
export function runWithMetrics(run: RunRecord, step: number, values: Readonly<Record<string, number>>): RunRecord {
  const metrics = { ...run.metrics };
  for (const [name, value] of Object.entries(values)) {
    const before = metrics[name];
    if (before !== undefined && step < before.lastStep) continue;
    metrics[name] =
      before === undefined
        ? { last: value, lastStep: step, min: value, max: value }
        : { last: value, lastStep: step, min: lower(before.min, value), max: -lower(-before.max, -value) };
  }
  return { ...run, step: Math.max(run.step ?? 0, step), metrics };
}

function lower(left: number, right: number): number {
  if (Number.isNaN(left)) return right;
  return Number.isNaN(right) ? left : Math.min(left, right);
}

const ended: ReadonlySet<JobRecord['state']> = new Set(['finished', 'failed', 'stopped', 'interrupted']);

/** Nothing more happens unless someone resumes it. */
export function hasEnded(job: Pick<JobRecord, 'state'>): boolean {
  return ended.has(job.state);
}

export function isActive(job: Pick<JobRecord, 'state'>): boolean {
  return !hasEnded(job);
}
