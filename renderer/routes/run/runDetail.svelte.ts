import type { HostClient, HostEvent, RequestOutput } from '../../../shared/contract.ts';
import { toErrorReport, type ErrorReport } from '../../../shared/errors.ts';
import type { JobDetail } from '../../../shared/records.ts';
import { Gathered } from '../../host/gathered.ts';

const pairsShown = 30;

/** Everything of one run beside its curves, kept true while its page is open. End it with `close`. */
export class RunDetail {
  readonly id: string;
  detail: JobDetail | undefined = $state.raw();
  failure: ErrorReport | undefined = $state.raw();
  pairs: RequestOutput<'metrics.pairs'> = $state.raw([]);
  log: string = $state('');
  gone: boolean = $state(false);

  readonly #client: HostClient;
  readonly #unsubscribe: () => void;
  readonly #asking = new Gathered(300, () => {
    void this.#readDetail();
  });
  /** The log and the pairs grow with every update: they are read seldom. */
  readonly #following = new Gathered(2000, () => {
    void this.#readGrowing();
  });

  constructor(client: HostClient, id: string) {
    this.#client = client;
    this.id = id;
    this.#unsubscribe = client.subscribe((event) => {
      this.#hear(event);
    });
    this.reload();
  }

  reload(): void {
    void this.#readDetail();
    void this.#readGrowing();
  }

  close(): void {
    this.#unsubscribe();
  }

  #hear(event: HostEvent): void {
    if (event.type === 'deleted') {
      if (event.id === this.id) this.gone = true;
      else if (this.detail?.checkpoints.some(({ id }) => id === event.id) === true) this.#asking.add('');
      return;
    }
    const about =
      event.type === 'job'
        ? event.job.id
        : event.type === 'checkpoint'
          ? event.checkpoint.run
          : event.type === 'dataset'
            ? undefined
            : event.id;
    if (about !== this.id) return;
    this.#following.add('');
    if (event.type !== 'metrics') this.#asking.add('');
  }

  async #readDetail(): Promise<void> {
    try {
      this.detail = await this.#client.request('jobs.get', { id: this.id });
      this.failure = undefined;
    } catch (thrown) {
      const report = toErrorReport(thrown);
      // What was read stays on the page while the host is away.
      if (report.code !== 'HOST_GONE' || this.detail === undefined) this.failure = report;
    }
  }

  async #readGrowing(): Promise<void> {
    try {
      const [{ text }, pairs] = await Promise.all([
        this.#client.request('jobs.log', { id: this.id }),
        this.#client.request('metrics.pairs', { id: this.id, limit: pairsShown }),
      ]);
      this.log = text;
      this.pairs = pairs;
    } catch {
      // The detail says why.
    }
  }
}
