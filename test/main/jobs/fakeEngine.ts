/**
 * Stands in for an engine: writes a job folder as a real one does, with numbers that only depend on the step, and misbehaves as the
 * environment variable FAKE_ENGINE asks.
 */
import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { architectureOfSize } from '../../../shared/architecture.ts';
import { engineCommandSchema, type SpoolRecord } from '../../../shared/jobFolder.ts';
import { jobConfigurationSchemas } from '../../../shared/jobs.ts';
import { openHostPort } from '../../../main/engine/hostPort.ts';
import { writeByContent } from '../../../main/files/durable.ts';
import { ensureFolder } from '../../../main/files/folders.ts';
import { libraryPaths } from '../../../main/files/library.ts';
import { readJobFile, readStartFile } from '../../../main/jobs/folder/files.ts';
import { jobPathsIn } from '../../../main/jobs/folder/layout.ts';
import { SpoolWriter } from '../../../main/jobs/folder/writer.ts';
import { behaviourSchema, goFile, lossAt } from './behaviour.ts';

const [, , home = '', jobId = ''] = process.argv;
const behaviour = behaviourSchema.parse(JSON.parse(process.env.FAKE_ENGINE ?? '{}'));
const library = libraryPaths(home);
const paths = jobPathsIn(library, jobId);
const now = () => new Date().toISOString();
const told = { toStop: false, orphaned: false };
const host = openHostPort();
host.onMessage((message) => {
  told.toStop ||= engineCommandSchema.safeParse(message).success;
});
host.onGone(() => {
  told.orphaned = true;
});

const job = await readJobFile(paths);
const start = await readStartFile(paths);
const configuration = job.kind === 'train' ? jobConfigurationSchemas.train.parse(job.configuration) : undefined;
const writer = await SpoolWriter.open(paths);

async function append(...records: SpoolRecord[]): Promise<void> {
  const bytes = await writer.append(...records);
  host.hint({ type: 'spooled', bytes });
}

async function checkpoint(step: number): Promise<void> {
  await ensureFolder(library.checkpoints);
  const content = new TextEncoder().encode(`state of ${configuration?.seed ?? 0} after ${step}`);
  const { sha256, bytes } = await writeByContent(library.checkpoints, (hash) => `${hash}.safetensors`, content);
  const facts = { sha256, bytes, architecture: architectureOfSize(1), precision: 'fp32' as const, parameters: 1 };
  await append({ type: 'checkpoint', step, facts: { ...facts, modules: [], trainingState: true, warnings: [] } });
}

async function end(state: 'finished' | 'stopped' | 'failed'): Promise<never> {
  const error = { code: 'DIVERGED' as const, detail: 'as asked' };
  await append({ type: 'ended', state, at: now(), ...(state === 'failed' ? { error } : {}) });
  process.exit(0);
}

async function misbehave(): Promise<void> {
  switch (behaviour.then) {
    case 'exit':
      return process.exit(3);
    case 'failed':
      return end('failed');
    case 'torn':
      appendFileSync(paths.spool, '0123abcd {"type":"metrics","step":99');
      process.kill(process.pid, 'SIGKILL');
      return;
    case 'kill':
      process.kill(process.pid, 'SIGKILL');
      return;
    case 'deaf':
      return delay(1_000_000);
    case 'waits':
      while (!told.toStop && !told.orphaned && !existsSync(goFile(home))) await delay(10);
      return;
    case 'lingers':
      while (!existsSync(goFile(home))) await delay(10);
      return;
    case undefined:
  }
}

const fromStep = start.resume?.step ?? 0;
await append({ type: 'started', attempt: start.attempt, at: now(), fromStep, backend: 'fake' });
const steps = configuration?.steps ?? 3;
for (let step = fromStep + 1; step <= steps; step += 1) {
  await append({ type: 'metrics', step, values: { totalLoss: lossAt(step), reward: step } });
  // What this process knows to be acknowledged, for the tests to compare with what the library has after a kill.
  console.log(`acknowledged ${step}`);
  if (step % (configuration?.checkpointEvery ?? 1e9) === 0) await checkpoint(step);
  if (step === behaviour.atStep && start.attempt === 1) await misbehave();
  if (told.toStop || told.orphaned) {
    await checkpoint(step);
    if (told.orphaned) process.exit(0);
    await end('stopped');
  }
  if (behaviour.stepMilliseconds > 0) await delay(behaviour.stepMilliseconds);
}
if (configuration !== undefined) await checkpoint(steps);
await end('finished');
