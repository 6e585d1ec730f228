import { setTimeout as delay } from 'node:timers/promises';
import { toErrorReport, type ErrorReport } from '../../shared/errors.ts';
import type { Store } from '../store/store.ts';
import type { JobPaths } from './folder/layout.ts';
import { processStartTime } from './folder/processes.ts';
import { isGone, type SpoolIngestor } from './ingestor.ts';
import type { EngineExit, EngineLauncher, EngineProcess } from './launcher.ts';

export interface SupervisionTimes {
  /** The spool is looked at so often without any hint. */
  pollMilliseconds: number;
  /** A process of unknown start time counts as the old engine for so long. */
  unknownMilliseconds: number;
  /** A start waits so long for old engines that still save their work, before it shows them as running. */
  recoveryMilliseconds: number;
  /** Between two attempts to write the end of a job into a library that cannot be written. */
  retryMilliseconds: number;
}

export const defaultTimes: SupervisionTimes = {
  pollMilliseconds: 2000,
  unknownMilliseconds: 60_000,
  recoveryMilliseconds: 1000,
  retryMilliseconds: 2000,
};

export interface Supervision {
  store: Store;
  home: string;
  job: string;
  paths: JobPaths;
  launcher: EngineLauncher;
  ingestor: SpoolIngestor;
  times: SupervisionTimes;
  /** The engine runs and its identity is recorded. */
  onRunning: (engine: EngineProcess) => void;
  onProblem: (message: string) => void;
  /** Whether the service is closing, which ends a run on purpose. */
  isClosing: () => boolean;
}

/** Runs one attempt of a job that is marked as running until its process is gone and its state is true again. */
export async function superviseEngine(supervision: Supervision): Promise<void> {
  const { store, job, ingestor } = supervision;
  let exit: EngineExit;
  try {
    exit = await runEngine(supervision);
  } catch (thrown) {
    const fail = (error: ErrorReport) => store.supervision.settle(job, 'failed', error);
    await settleForSure(supervision, () => fail(toErrorReport(thrown)), fail);
    return;
  }
  await settleForSure(
    supervision,
    async () => {
      await ingestor.all();
      await store.supervision.settle(job, 'interrupted', interruption(exit, supervision.isClosing()));
    },
    (error) => store.supervision.settle(job, 'failed', error),
  );
}

async function runEngine(supervision: Supervision): Promise<EngineExit> {
  const { store, home, job, paths, launcher, ingestor, times } = supervision;
  const engine = await launcher.launch({ home, job, log: paths.log });
  engine.onHint((hint) => {
    ingestor.hint(hint.bytes);
  });
  try {
    await store.supervision.recordEngine(job, engine.pid, await processStartTime(engine.pid));
  } catch (thrown) {
    // The engine runs: it is supervised all the same, and its own claim in the folder says who it is.
    supervision.onProblem(toErrorReport(thrown).detail);
  }
  supervision.onRunning(engine);
  const timer = setInterval(() => void ingestor.look(), times.pollMilliseconds);
  try {
    return await engine.exited;
  } finally {
    clearInterval(timer);
  }
}

function interruption(exit: EngineExit, closing: boolean): ErrorReport {
  if (closing) return { code: 'HOST_GONE', detail: 'Decant was closed while it ran' };
  const how = exit.signal === null ? `with exit code ${String(exit.code)}` : `by signal ${exit.signal}`;
  return { code: 'ENGINE_DIED', detail: `it ended ${how}; its log may say more` };
}

/** A failure that nobody foresaw and that comes back so often will not pass by itself. */
const mostUnforeseen = 10;

/**
 * A job's end must not be lost because the disk is full for a while: tried again until it is written or the library is closed. A job
 * that is not there any more was deleted between the end that it acknowledged itself and this one. What fails again and again for no
 * reason that could pass is given up by `giveUp`: its lane must not stand still.
 */
export async function settleForSure(
  { onProblem, times }: Pick<Supervision, 'onProblem' | 'times'>,
  action: () => Promise<unknown>,
  giveUp: (error: ErrorReport) => Promise<unknown>,
): Promise<void> {
  for (let unforeseen = 0; ;) {
    try {
      try {
        await action();
      } catch (thrown) {
        const error = toErrorReport(thrown);
        if (error.code === 'INTERNAL') unforeseen += 1;
        if (unforeseen < mostUnforeseen) throw thrown;
        onProblem(error.detail);
        await giveUp(error);
      }
      return;
    } catch (thrown) {
      if (isGone(thrown)) return;
      onProblem(toErrorReport(thrown).detail);
      await delay(times.retryMilliseconds, undefined, { ref: false });
    }
  }
}
