import type { BundledRun } from '../../shared/bundle.ts';
import { toErrorReport } from '../../shared/errors.ts';
import type { LibraryPaths } from '../files/library.ts';
import type { Store } from '../store/store.ts';
import { jobPathsIn } from './folder/layout.ts';
import { SpoolIngestor } from './ingestor.ts';
import type { News } from './news.ts';
import { settleForSure, type SupervisionTimes } from './supervisor.ts';

export interface SpoolsOptions {
  store: Store;
  library: LibraryPaths;
  news: News;
  times: SupervisionTimes;
  onProblem: (message: string) => void;
  /** Called after a job's spool brought checkpoints that retention removed. */
  onSurplus: (job: string) => Promise<void>;
}

/** The spools of a library's jobs, taken over with the runs that they bring, and told of. */
export class Spools {
  readonly #options: SpoolsOptions;

  constructor(options: SpoolsOptions) {
    this.#options = options;
  }

  /** For one attempt of a job. */
  ingestorOf(job: string): SpoolIngestor {
    const { store, library, news, onProblem, onSurplus } = this.#options;
    return new SpoolIngestor({
      store,
      job,
      spool: jobPathsIn(library, job).spool,
      onProblem,
      onRuns: async (runs) => {
        for (const run of runs) await this.#adopt(run);
      },
      onIngested: (ingested) => {
        news
          .publishIngested(job, ingested)
          .then(async () => {
            if (ingested.removedCheckpoints.length > 0) await onSurplus(job);
          })
          .catch((thrown: unknown) => {
            onProblem(toErrorReport(thrown).detail);
          });
      },
    });
  }

  /** A run that came as a bundle is marked as running until its spool is taken over: a start after a crash then goes on with that. */
  async #adopt(run: BundledRun): Promise<void> {
    const { store, news, onProblem, times } = this.#options;
    await settleForSure(
      { onProblem, times },
      async () => {
        await this.ingestorOf(run.id).all();
        await store.finishRun(run);
      },
      (error) => store.supervision.settle(run.id, 'failed', error),
    );
    await news.publishJob(run.id);
  }
}
