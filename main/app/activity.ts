import type { JobRecord } from '../../shared/records.ts';

const active = new Set<JobRecord['state']>(['running', 'stopping']);
/** A person did not start these for their own sake. */
const silent = new Set<JobRecord['kind']>(['estimate', 'benchmark']);

/** Which jobs run, as the library's events tell; what the tray, the task bar and the question before quitting go by. */
export class Activity {
  readonly #jobs = new Map<string, JobRecord>();

  /** Takes a job's new state over; returns the job if it has just ended by itself. */
  update(job: JobRecord): JobRecord | undefined {
    if (silent.has(job.kind)) return undefined;
    const before = this.#jobs.get(job.id);
    if (active.has(job.state) || job.state === 'queued') this.#jobs.set(job.id, job);
    else this.#jobs.delete(job.id);
    const ended = job.state === 'finished' || job.state === 'failed' || job.state === 'interrupted';
    return ended && before !== undefined && active.has(before.state) ? job : undefined;
  }

  remove(id: string): void {
    this.#jobs.delete(id);
  }

  clear(): void {
    this.#jobs.clear();
  }

  get running(): JobRecord[] {
    return [...this.#jobs.values()].filter(({ state }) => active.has(state));
  }

  get queued(): number {
    return this.#jobs.size - this.running.length;
  }

  /** How far the running jobs are together, 0 to 1; undefined where none runs or none says. */
  get fraction(): number | undefined {
    const known = this.running.map(fractionOf).filter((fraction) => fraction !== undefined);
    return known.length === 0 ? undefined : known.reduce((sum, fraction) => sum + fraction, 0) / known.length;
  }
}

/** How far one job is, 0 to 1: its steps, or its stage where it has no steps yet. */
export function fractionOf({ step, steps, progress }: JobRecord): number | undefined {
  if (step !== null && steps !== null && steps > 0 && step > 0) return Math.min(1, step / steps);
  if (progress !== null && progress.total > 0) return Math.min(1, progress.done / progress.total);
  return steps === null ? undefined : 0;
}

/** One line about a running job, e.g. "Quick pour: student, 42 %". */
export function describeJob(job: JobRecord): string {
  const fraction = fractionOf(job);
  const how = job.state === 'stopping' ? ', stopping' : fraction === undefined ? '' : `, ${percent(fraction)}`;
  return `${job.name}${how}`;
}

export function percent(fraction: number): string {
  return `${Math.floor(fraction * 100)} %`;
}

/** What a notification says about a job that ended. */
export function describeEnd({ name, state, error }: JobRecord): { title: string; body: string } {
  if (state === 'finished') return { title: 'Finished', body: name };
  const why = error === null ? '' : `: ${error.detail}`;
  return { title: state === 'failed' ? 'Failed' : 'Interrupted', body: `${name}${why}` };
}

/** The question before quitting; undefined where nothing runs that would be stopped. */
export function quitQuestion(running: readonly JobRecord[]): { message: string; detail: string } | undefined {
  if (running.length === 0) return undefined;
  const [first] = running;
  const what =
    running.length === 1 && first !== undefined ? `“${first.name}” is running` : `${running.length} jobs are running`;
  return {
    message: `${what}. Quit Decant?`,
    detail:
      'Quitting stops what runs. Each training run first writes a checkpoint, and can be resumed from it. To let it go on, close the window only.',
  };
}
