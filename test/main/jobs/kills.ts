/**
 * kill -9 of engines and of hosts at random moments, for any engine: after each, a new start must show the run as interrupted with
 * exactly what its spool acknowledges, and resuming must go on past all that was lost, with the same values.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { JobKind } from '../../../shared/jobs.ts';
import type { JobRecord } from '../../../shared/records.ts';
import { libraryPaths } from '../../../main/files/library.ts';
import { jobPathsIn } from '../../../main/jobs/folder/layout.ts';
import { SpoolReader } from '../../../main/jobs/folder/reader.ts';
import { forkLauncher } from '../../../main/jobs/launcher.ts';
import { nodeFlags } from '../../../shared/nodeFlags.ts';
import { JobService } from '../../../main/jobs/service.ts';
import { Store } from '../../../main/store/store.ts';

export interface KillSubject {
  /** Library that already holds what the configuration refers to. */
  home: string;
  /** The engine's main file and its environment. */
  entry: string;
  environment: NodeJS.ProcessEnv;
  kind: JobKind;
  /** Of a run that is far from its end whenever it is killed, however slow or fast the machine is. */
  configuration: unknown;
  /** The kill comes so many milliseconds after the attempt wrote its first records: at most this. */
  longestDelay: number;
  /** A number in [0, 1). */
  random: () => number;
}

interface OpenHost {
  store: Store;
  service: JobService;
}

async function openHost(subject: KillSubject): Promise<OpenHost> {
  const store = await Store.open(subject.home);
  const launcher = forkLauncher(subject.entry, subject.environment);
  const service = await JobService.open({ home: subject.home, store, launcher, codeVersion: 'kills' });
  return { store, service };
}

async function closeHost({ store, service }: OpenHost): Promise<void> {
  await service.close();
  await store.close();
}

function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

/** What the spool says, step by step: a later attempt replaces what follows its first step. */
async function metricsOfSpool(path: string): Promise<Map<string, Map<number, number>>> {
  const series = new Map<string, Map<number, number>>();
  const reader = new SpoolReader(path);
  for (let offset = 0, more = true; more;) {
    const read = await reader.readFrom(offset);
    must(read.damage.length === 0, `the spool is damaged at byte ${String(read.damage[0]?.offset)}`);
    for (const record of read.records) {
      if (record.type === 'started')
        for (const points of series.values())
          for (const step of points.keys()) if (step > record.fromStep) points.delete(step);
      if (record.type !== 'metrics') continue;
      for (const [metric, value] of Object.entries(record.values)) {
        let points = series.get(metric);
        if (points === undefined) series.set(metric, (points = new Map<number, number>()));
        points.set(record.step, value);
      }
    }
    offset = read.offset;
    more = read.more;
  }
  return series;
}

/** The library holds exactly what the spool holds, value by value. */
async function compareWithSpool(subject: KillSubject, store: Store, job: JobRecord): Promise<void> {
  const spooled = await metricsOfSpool(jobPathsIn(libraryPaths(subject.home), job.id).spool);
  const stored = await store.readMetrics(job.id, 0, Number.MAX_SAFE_INTEGER);
  for (const [metric, points] of spooled) {
    const found = stored[metric];
    const steps = [...points.keys()].sort((left, right) => left - right);
    must(
      String([...(found?.steps ?? [])]) === String(steps),
      `${metric} has other steps in the library than in the spool`,
    );
    must(
      steps.every((step, index) => Object.is(points.get(step), found?.values[index])),
      `${metric} has other values in the library than in the spool`,
    );
  }
}

async function waitFor<Value>(what: string, probe: () => Promise<Value | undefined>): Promise<Value> {
  const deadline = Date.now() + 300_000;
  while (Date.now() < deadline) {
    const value = await probe();
    if (value !== undefined) return value;
    await delay(20);
  }
  throw new Error(`${what}: waited for five minutes`);
}

const ended = new Set(['interrupted', 'finished', 'stopped', 'failed']);

/** A new start, as after a crash: the state must be true once the old engine is gone. */
async function inspectAfterKill(subject: KillSubject, id: string): Promise<JobRecord> {
  const host = await openHost(subject);
  try {
    const job = await waitFor('the state after a kill', async () => {
      const found = await host.store.getJob(id);
      return ended.has(found.state) ? found : undefined;
    });
    must(job.state === 'interrupted', `${id} is ${job.state} after a kill`);
    await compareWithSpool(subject, host.store, job);
    return job;
  } finally {
    await closeHost(host);
  }
}

/** Begins the subject's job, or goes on with the interrupted one; returns its id. */
async function go(subject: KillSubject, service: JobService, last: JobRecord | undefined): Promise<string> {
  if (last === undefined) return service.enqueue(subject.kind, subject.configuration);
  await service.resume(last.id);
  return last.id;
}

function spoolSize(subject: KillSubject, id: string): Promise<number> {
  return new SpoolReader(jobPathsIn(libraryPaths(subject.home), id).spool).size();
}

/** Waits until the attempt has written something, then a random while. */
async function waitForMoment(subject: KillSubject, id: string, sizeBefore: number): Promise<void> {
  await waitFor('the first record', async () => ((await spoolSize(subject, id)) > sizeBefore ? true : undefined));
  await delay(subject.random() * subject.longestDelay);
}

/** Kills the engine `times` times, each followed by a new start of the host. Returns the last step of the run. */
export async function killEngines(subject: KillSubject, times: number): Promise<number> {
  let last: JobRecord | undefined;
  for (let round = 0; round < times; round += 1) {
    const host = await openHost(subject);
    const sizeBefore = last === undefined ? 0 : await spoolSize(subject, last.id);
    const id = await go(subject, host.service, last);
    await waitForMoment(subject, id, sizeBefore);
    const engine = await waitFor(
      'the id of its process',
      async () => (await host.store.supervision.getJobRow(id)).enginePid ?? undefined,
    );
    process.kill(engine, 'SIGKILL');
    await host.service.idle();
    await closeHost(host);
    last = await inspectAfterKill(subject, id);
  }
  return replayAll(subject, last, times);
}

const hostScript = fileURLToPath(new URL('./hostProcess.ts', import.meta.url));
const beganSchema = z.object({ job: z.string() });

/** Kills the host process `times` times while it runs the job; its engine is left to notice by itself. Returns the last step of the run. */
export async function killHosts(subject: KillSubject, times: number): Promise<number> {
  let last: JobRecord | undefined;
  for (let round = 0; round < times; round += 1) {
    const resumes = last?.id ?? '';
    const sizeBefore = last === undefined ? 0 : await spoolSize(subject, last.id);
    const task = JSON.stringify({ kind: subject.kind, configuration: subject.configuration, resume: resumes });
    const host: ChildProcess = fork(hostScript, [subject.home, subject.entry, task], {
      execPath: process.execPath,
      execArgv: [...nodeFlags],
      env: subject.environment,
    });
    const gone = new Promise((resolve) => host.once('exit', resolve));
    const id = await new Promise<string>((resolve, reject) => {
      host.once('message', (message) => resolve(beganSchema.parse(message).job));
      host.once('exit', () => reject(new Error('the host process ended by itself')));
    });
    await waitForMoment(subject, id, sizeBefore);
    host.kill('SIGKILL');
    await gone;
    last = await inspectAfterKill(subject, id);
  }
  return replayAll(subject, last, times);
}

/** The run goes on past the last step that it ever made; its replays found the same values. */
async function replayAll(subject: KillSubject, last: JobRecord | undefined, times: number): Promise<number> {
  if (last === undefined) throw new Error('nothing was killed');
  const { id, step: reached } = last;
  const host = await openHost(subject);
  try {
    await host.service.resume(id);
    await waitFor('a step beyond those that were lost', async () => {
      const { step, state } = await host.store.getJob(id);
      must(!ended.has(state), `${id} is ${state}, though nobody ended it`);
      return (step ?? 0) > (reached ?? 0) ? true : undefined;
    });
    await host.service.stop(id);
    await host.service.idle();
    const detail = await host.store.jobDetail(id);
    must(detail.job.state === 'stopped', `${id} is ${detail.job.state} at last: ${detail.job.error?.detail ?? ''}`);
    must(detail.job.attempt === times + 1, `${id} was begun ${detail.job.attempt} times`);
    must(detail.replayedDifferently === 0, `${id}: ${detail.replayedDifferently} values differ in its replays`);
    await compareWithSpool(subject, host.store, detail.job);
    return detail.job.step ?? 0;
  } finally {
    await closeHost(host);
  }
}
