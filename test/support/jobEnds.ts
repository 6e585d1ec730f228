import { expect } from 'vitest';
import type { HostClient } from '../../shared/contract.ts';
import type { JobDetail } from '../../shared/records.ts';

const endStates = ['finished', 'stopped', 'failed', 'interrupted'];

/** A job once it has ended, however it did. */
export async function ended(client: HostClient, id: string): Promise<JobDetail> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      client.request('jobs.get', { id }).then((detail) => {
        if (!endStates.includes(detail.job.state)) return;
        leave();
        resolve(detail);
      }, reject);
    };
    const leave = client.subscribe((event) => {
      if (event.type === 'job' && event.job.id === id) look();
    });
    look();
  });
}

/** A job that ended well. */
export async function finished(client: HostClient, id: string): Promise<JobDetail> {
  const detail = await ended(client, id);
  expect(detail.job.error).toBeNull();
  expect(detail.job.state).toBe('finished');
  return detail;
}
