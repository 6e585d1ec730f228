import { setTimeout as delay } from 'node:timers/promises';
import type { JobRow } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { readClaim } from './folder/files.ts';
import type { JobPaths } from './folder/layout.ts';
import { isSameProcessAlive } from './folder/processes.ts';
import type { SpoolIngestor } from './ingestor.ts';
import { settleForSure, type SupervisionTimes } from './supervisor.ts';

export interface Recovery {
  store: Store;
  job: JobRow;
  paths: JobPaths;
  ingestor: SpoolIngestor;
  times: SupervisionTimes;
  onProblem: (message: string) => void;
  isClosing: () => boolean;
}

/**
 * Begins to make the state of a job true that the last host left as running. `done`: it is. `ready`: it is, or it takes longer than the
 * patience of a start, which begins with the first sign that more is needed than reading a spool, however slow that is.
 */
export function beginRecovery(recovery: Recovery): { done: Promise<void>; ready: Promise<void> } {
  let beginPatience: () => void = () => undefined;
  const patience = new Promise<void>((resolve) => {
    beginPatience = resolve;
  }).then(() => delay(recovery.times.recoveryMilliseconds, undefined, { ref: false }));
  const onProblem = (message: string): void => {
    beginPatience();
    recovery.onProblem(message);
  };
  const done = recoverJob({ ...recovery, onProblem }, beginPatience);
  return { done, ready: Promise.race([done, patience]) };
}

/**
 * A job that the last host left as running: its engine exits by itself once it notices the closed channel. Waits for that, takes over what
 * it acknowledged and sets the true state.
 */
async function recoverJob(recovery: Recovery, onWaiting: () => void): Promise<void> {
  const { store, job, paths, ingestor, times } = recovery;
  const deadline = Date.now() + times.unknownMilliseconds;
  for (let round = 0; await mayStillRun(job, paths, deadline); round += 1) {
    if (recovery.isClosing()) return;
    if (round === 0) onWaiting();
    if (round % 10 === 1) await ingestor.look();
    await delay(Math.min(200, times.pollMilliseconds));
  }
  await settleForSure(
    recovery,
    async () => {
      await ingestor.all();
      await store.supervision.settle(job.id, 'interrupted', {
        code: 'ENGINE_DIED',
        detail: 'Decant itself ended while it ran',
      });
    },
    (error) => store.supervision.settle(job.id, 'failed', error),
  );
}

/**
 * Whether the engine of a job of a former host may still run; until `deadline` (milliseconds, as Date.now) also when that cannot be told.
 * The process may have been started without being recorded any more: then its own claim in the folder counts.
 */
export async function mayStillRun(
  job: Pick<JobRow, 'enginePid' | 'engineStarted'>,
  paths: JobPaths,
  deadline: number,
): Promise<boolean> {
  const identities = [await readClaim(paths)];
  if (job.enginePid !== null) identities.push({ pid: job.enginePid, started: job.engineStarted });
  for (const identity of identities) {
    if (identity === undefined) continue;
    const alive = await isSameProcessAlive(identity.pid, identity.started);
    if (alive === 'alive' || (alive === 'unknown' && Date.now() < deadline)) return true;
  }
  return false;
}
