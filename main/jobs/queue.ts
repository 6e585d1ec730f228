import type { JobState, Lane } from '../../shared/jobs.ts';

export const lanes: readonly Lane[] = ['training', 'light'];

export interface QueuedJob {
  id: string;
  lane: Lane;
  /** States of the jobs that it waits for; null for one that was deleted. */
  dependencies: readonly { id: string; state: JobState | null }[];
}

export type Decision =
  { action: 'start'; id: string } | { action: 'fail'; id: string; detail: string } | { action: 'wait' };

/**
 * What to do next in a lane that is free. The queue is in order; a job that waits for another lets those behind it pass, so that
 * nothing stands still. A job whose predecessor ended otherwise than finished fails at once.
 */
export function decide(queue: readonly QueuedJob[], lane: Lane): Decision {
  for (const job of queue) {
    if (job.lane !== lane) continue;
    const lost = job.dependencies.find(({ state }) => hasEndedUnfinished(state));
    if (lost !== undefined)
      return {
        action: 'fail',
        id: job.id,
        detail: `${lost.id} ${lost.state === null ? 'was deleted' : `is ${lost.state}`}`,
      };
    if (job.dependencies.every(({ state }) => state === 'finished')) return { action: 'start', id: job.id };
  }
  return { action: 'wait' };
}

function hasEndedUnfinished(state: JobState | null): boolean {
  return state === null || state === 'failed' || state === 'stopped' || state === 'interrupted';
}
