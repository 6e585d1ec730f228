/**
 * The engine: one process, one job. Arguments: library folder and job id, or `--probe-backends`, which prints what can
 * compute here as JSON.
 */
import { DecantError, toErrorReport, type ErrorReport } from '../../shared/errors.ts';
import { listBackends } from './compute/backend.ts';
import { openHostPort } from './hostPort.ts';
import { runnerOf } from './runners.ts';
import { Session } from './session.ts';

async function run(home: string, jobId: string): Promise<void> {
  await using session = await Session.open(home, jobId);
  const ended = (state: 'finished' | 'stopped' | 'failed', error?: ErrorReport): Promise<void> =>
    session.acknowledge({ type: 'ended', state, at: new Date().toISOString(), ...(error && { error }) });
  try {
    const outcome = await runnerOf(session.job.kind)(session);
    // Without its host nobody asked for the end: the next host finds the job interrupted.
    if (outcome === 'finished' || session.stopReason === 'stop') await ended(outcome);
  } catch (thrown) {
    // `signal.throwIfAborted()` throws the reason itself.
    const aborted = session.stopReason !== undefined && thrown === session.signal.reason;
    if (!aborted) {
      logError(thrown);
      await ended('failed', toErrorReport(thrown));
    } else if (session.stopReason === 'stop') await ended('stopped');
  }
}

/** The host gives this process the job's log as its standard error. */
function logError(thrown: unknown): void {
  process.stderr.write(`${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}\n`);
}

const [first, second] = process.argv.slice(2);
try {
  if (first === '--probe-backends') process.stdout.write(`${JSON.stringify(listBackends())}\n`);
  else if (first !== undefined && second !== undefined) await run(first, second);
  else throw new DecantError('USAGE', 'the engine takes a library folder and a job id');
} catch (thrown) {
  logError(thrown);
  process.exitCode = 1;
}
await openHostPort().farewell();
// Reader threads and native back ends would keep the process alive.
process.exit();
