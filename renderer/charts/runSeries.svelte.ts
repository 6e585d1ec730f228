import type { HostClient, HostEvent } from '../../shared/contract.ts';
import { toErrorReport, type ErrorReport } from '../../shared/errors.ts';
import type { Series } from '../../shared/records.ts';
import { Gathered } from '../host/gathered.ts';
import { hasEnded } from '../host/records.ts';
import type { Range } from './curve.ts';
import { tailStart, withTail } from './tail.ts';

/** Bins to a chart: as many for each series, whatever else is shown, so that its shape is its own. */
const bins = 2000;
/** A live curve is read anew when it has grown to so many bins; its bins are then twice as wide. */
const mostBins = 2 * bins;
const appendEvery = 300;

/**
 * One run's metrics as charts show them: read once as bins, then only what is new. A stretch that is zoomed into is read again in
 * finer bins. End it with `close`.
 */
export class RunSeries {
  readonly id: string;
  /** By metric; replaced as a whole when something changed. */
  series: Readonly<Record<string, Series>> = $state.raw({});
  loaded: boolean = $state(false);
  failure: ErrorReport | undefined = $state.raw();

  readonly #client: HostClient;
  readonly #metrics: readonly string[] | undefined;
  readonly #unsubscribe: () => void;
  /** Steps of the stretch shown; undefined for all. */
  #range: Range | undefined;
  #newest = 0;
  /** Answers to older questions are not taken. */
  #question = 0;
  #busy = false;
  readonly #appending = new Gathered(appendEvery, () => {
    void this.#append();
  });

  /** `metrics`: only these; all where left out. */
  constructor(client: HostClient, id: string, metrics?: readonly string[]) {
    this.#client = client;
    this.id = id;
    this.#metrics = metrics;
    this.#unsubscribe = client.subscribe((event) => {
      this.#hear(event);
    });
    void this.reload();
  }

  close(): void {
    this.#unsubscribe();
    this.#question += 1;
  }

  /** Shows a stretch of steps in finer bins, or everything. */
  zoom(range: Range | undefined): void {
    if (range?.min === this.#range?.min && range?.max === this.#range?.max) return;
    this.#range = range;
    void this.reload();
  }

  async reload(): Promise<void> {
    this.#question += 1;
    const question = this.#question;
    try {
      const read = await this.#client.request('metrics.read', {
        id: this.id,
        maxPoints: bins,
        ...(this.#metrics !== undefined && { metrics: [...this.#metrics] }),
        ...(this.#range !== undefined && {
          fromStep: Math.max(0, Math.floor(this.#range.min)),
          toStep: Math.max(0, Math.ceil(this.#range.max)),
        }),
      });
      if (question !== this.#question) return;
      this.series = Object.fromEntries(read.map((series) => [series.metric, series]));
      this.#newest = Math.max(0, ...read.map(({ steps }) => steps.at(-1) ?? 0));
      this.failure = undefined;
      this.loaded = true;
    } catch (thrown) {
      if (question === this.#question) this.failure = toErrorReport(thrown);
    }
  }

  #hear(event: HostEvent): void {
    // What an engine wrote just before its end may come without an event of its own.
    if (event.type === 'job' && event.job.id === this.id && hasEnded(event.job)) this.#appending.add('');
    // A stretch that was zoomed into stays as it is.
    if (event.type !== 'metrics' || event.id !== this.id || this.#range !== undefined) return;
    if (event.step <= this.#newest) {
      // A resumed run went back and computes these steps again.
      if (event.step < this.#newest) void this.reload();
      return;
    }
    this.#appending.add('');
  }

  async #append(): Promise<void> {
    if (this.#range !== undefined) return;
    if (this.#busy) {
      this.#appending.add('');
      return;
    }
    this.#busy = true;
    const question = this.#question;
    try {
      const tails = await this.#client.request('metrics.read', {
        id: this.id,
        maxPoints: bins,
        fromStep: tailStart(Object.values(this.series)),
        ...(this.#metrics !== undefined && { metrics: [...this.#metrics] }),
      });
      if (question !== this.#question) return;
      if (tails.some(({ pointsPerBin }) => pointsPerBin > 1)) {
        void this.reload();
        return;
      }
      const merged: Record<string, Series> = { ...this.series };
      for (const tail of tails) {
        const before = merged[tail.metric];
        merged[tail.metric] = before === undefined ? tail : withTail(before, tail);
      }
      this.series = merged;
      this.#newest = Math.max(this.#newest, ...tails.map(({ steps }) => steps.at(-1) ?? 0));
      if (Object.values(merged).some(({ steps }) => steps.length > mostBins)) void this.reload();
    } catch {
      // The host is gone for now: when it is back, the page that owns this reads anew.
    } finally {
      this.#busy = false;
    }
  }
}
