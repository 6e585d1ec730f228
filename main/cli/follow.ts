import type { HostClient } from '../../shared/contract.ts';
import { DecantError } from '../../shared/errors.ts';
import { type JobState } from '../../shared/jobs.ts';
import type { JobDetail, JobRecord } from '../../shared/records.ts';
import { leftAtOnce, sameSignalMilliseconds } from './endSignal.ts';
import { createDisplay, ProgressText, type ProgressDisplay } from './progress.ts';

const ended: readonly JobState[] = ['finished', 'stopped', 'failed', 'interrupted'];

/** Without any event the state is asked for so often: events are news, the library is the truth. */
const askEvery = 1000;

export interface FollowOptions {
  /** Asked to stop on Ctrl-C: this job and the ones that wait for it. */
  stopOnInterrupt?: readonly string[];
  /** Put before each line. */
  title?: string;
  /** Said at the first Ctrl-C. */
  interruptNote?: string;
  quiet?: boolean;
}

/** Shows a job's progress until it has ended; returns everything about it. A second Ctrl-C leaves at once, with status 130. */
export async function followJob(client: HostClient, id: string, options: FollowOptions = {}): Promise<JobDetail> {
  const display = options.quiet === true ? silent : createDisplay();
  const text = new ProgressText();
  const title = options.title === undefined ? '' : `${options.title}: `;
  const interrupts = listenForInterrupts(client, options.stopOnInterrupt ?? [id], display, options.interruptNote);
  let wake = (): void => undefined;
  const unsubscribe = client.subscribe((event) => {
    if ('id' in event && event.id === id) {
      if (event.type === 'metrics') text.hear(event);
      if (event.type === 'message') display.say(`${title}${event.level}: ${event.text}`);
    }
    if (event.type === 'job' && event.job.id === id) {
      showJob(event.job);
      if (ended.includes(event.job.state)) wake();
    }
  });
  const width = process.stderr.isTTY ? 20 : 0;
  const showJob = (job: JobRecord): void => display.show(`${title}${text.describe(job, width)}`);
  try {
    while (true) {
      const detail = await client.request('jobs.get', { id });
      showJob(detail.job);
      if (ended.includes(detail.job.state)) return detail;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, askEvery);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  } finally {
    unsubscribe();
    interrupts.end();
    display.end();
  }
}

/** As `followJob`, for a command that needs the result. Errors: the job's own; INTERNAL where it ended otherwise without one. */
export async function followToFinish(client: HostClient, id: string, options: FollowOptions = {}): Promise<JobDetail> {
  const detail = await followJob(client, id, options);
  requireFinished(detail.job);
  return detail;
}

export function requireFinished(job: JobRecord): void {
  if (job.state === 'finished') return;
  if (job.error !== null) throw new DecantError(job.error.code, job.error.detail);
  if (job.state === 'stopped') throw new DecantError('STOPPED', `${job.id} was stopped at your wish`);
  throw new DecantError('ENGINE_DIED', `${job.id} is ${job.state}`);
}

const silent: ProgressDisplay = { show: () => undefined, say: () => undefined, end: () => undefined };

function listenForInterrupts(
  client: HostClient,
  stop: readonly string[],
  display: ProgressDisplay,
  note = 'Stopping: a checkpoint is written first. Ctrl-C again leaves at once.',
): { end(): void } {
  let first: number | undefined;
  const onInterrupt = (): void => {
    const now = Date.now();
    if (first === undefined) {
      first = now;
      display.say(note);
      // Later stages first, so that none of them begins meanwhile.
      for (const id of [...stop].reverse())
        client.request('jobs.stop', { id }).catch((thrown: unknown) => {
          display.say(String(thrown));
        });
    } else if (now - first > sameSignalMilliseconds) process.exit(leftAtOnce);
  };
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onInterrupt);
  return {
    end: () => {
      process.removeListener('SIGINT', onInterrupt);
      process.removeListener('SIGTERM', onInterrupt);
    },
  };
}
