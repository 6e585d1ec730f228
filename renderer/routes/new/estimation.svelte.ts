import type { HostClient } from '../../../shared/contract.ts';
import { toErrorReport, type ErrorReport } from '../../../shared/errors.ts';
import type { JobRecord } from '../../../shared/records.ts';
import type { Estimate } from '../../../shared/results.ts';
import { hasEnded } from '../../host/records.ts';
import type { Draft } from '../../forms/entries.ts';
import type { SavedDraft } from './drafts.ts';

/** The estimate of a configuration: a short job of the host that is asked for, followed and read. */
export class Estimation {
  estimate: Estimate | undefined = $state.raw();
  error: ErrorReport | undefined = $state.raw();
  /** The job while it is under way, as last read; the library may know it newer. */
  job: JobRecord | undefined = $state.raw();
  /** The work that was measured, or is being measured. */
  of: string = $state('');
  /** Asked for, and not answered yet. */
  waiting: boolean = $state(false);
  #id: string | undefined = $state();
  readonly #client: HostClient;

  constructor(client: HostClient) {
    this.#client = client;
  }

  get id(): string | undefined {
    return this.#id;
  }

  get busy(): boolean {
    return this.waiting || (this.job !== undefined && !hasEnded(this.job));
  }

  save(): SavedDraft['estimate'] {
    return this.#id === undefined ? undefined : { job: this.#id, of: this.of };
  }

  restore(saved: NonNullable<SavedDraft['estimate']>): void {
    this.#id = saved.job;
    this.of = saved.of;
    void this.follow();
  }

  /** Asks for an estimate of a configuration. Returns what the host refused it with. */
  async start(config: Draft, work: string): Promise<ErrorReport | undefined> {
    this.estimate = undefined;
    this.error = undefined;
    this.job = undefined;
    this.of = work;
    this.#id = undefined;
    this.waiting = true;
    try {
      this.#id = (await this.#client.request('runs.estimate', { config })).id;
      await this.follow();
      return undefined;
    } catch (thrown) {
      return toErrorReport(thrown);
    } finally {
      this.waiting = false;
    }
  }

  /** Reads the job again; called when the library tells that it changed. */
  async follow(): Promise<void> {
    const id = this.#id;
    if (id === undefined) return;
    try {
      const { job, result } = await this.#client.request('jobs.get', { id });
      if (this.#id !== id) return;
      this.job = job;
      if (!hasEnded(job)) return;
      this.estimate = result?.kind === 'estimate' ? result.estimate : undefined;
      this.error = job.error ?? undefined;
    } catch (thrown) {
      if (this.#id !== id) return;
      const report = toErrorReport(thrown);
      // Without a connection the answer is still to come; a job that is gone gives none.
      if (report.code === 'HOST_GONE') return;
      this.job = undefined;
      this.#id = undefined;
    }
  }

  async cancel(): Promise<void> {
    if (this.#id !== undefined) await this.#client.request('jobs.stop', { id: this.#id });
  }
}
