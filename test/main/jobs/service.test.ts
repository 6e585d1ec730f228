import { existsSync, readdirSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkpointFile, jobFolder, libraryPaths } from '../../../main/files/library.ts';
import { jobPathsIn } from '../../../main/jobs/folder/layout.ts';
import { readStartFile } from '../../../main/jobs/folder/files.ts';
import { isSameProcessAlive } from '../../../main/jobs/folder/processes.ts';
import { lossAt } from './behaviour.ts';
import { openHost, reaches, testHost, until, type TestHost } from './library.ts';
import { holdBack, letGo, training } from './prepare.ts';

async function expectWholeRun({ store }: TestHost, id: string, steps: number): Promise<void> {
  const { totalLoss: loss } = await store.readMetrics(id, 0, 1e9);
  expect([...(loss?.steps ?? [])]).toEqual(Array.from({ length: steps }, (_, index) => index + 1));
  expect([...(loss?.values ?? [])]).toEqual(Array.from({ length: steps }, (_, index) => lossAt(index + 1)));
}

test('a run goes from queued to finished, with its metrics, checkpoints and events', async () => {
  const host = await testHost();
  const events: string[] = [];
  host.service.onChange((event) => events.push(event.type === 'job' ? event.job.state : event.type));
  const id = await host.service.enqueue('train', training);
  expect(id).toMatch(/^r-[0-9a-z]{10}$/);
  await host.service.idle();
  const detail = await host.store.jobDetail(id);
  expect(detail.job).toMatchObject({ state: 'finished', step: 40, steps: 40, backend: 'fake', error: null });
  await expectWholeRun(host, id, 40);
  // The last two and the best: the loss of this engine falls in the mean until step 20.
  expect(detail.checkpoints.slice(-2).map(({ step }) => step)).toEqual([30, 40]);
  const files = readdirSync(libraryPaths(host.home).checkpoints);
  expect(files.sort()).toEqual(detail.checkpoints.map(({ facts }) => `${facts.sha256}.safetensors`).sort());
  expect(events.filter((event) => event !== 'metrics')).toEqual(
    expect.arrayContaining(['queued', 'running', 'checkpoint', 'deleted', 'finished']),
  );
  expect(events).toContain('metrics');
  expect(host.problems).toEqual([]);
});

test('a wrong configuration and an unknown dataset are refused before anything is queued', async () => {
  const { service, store } = await testHost();
  await expect(service.enqueue('train', { ...training, stepz: 1 })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  await expect(service.enqueue('train', { ...training, dataset: 'none' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(await store.listJobs()).toEqual([]);
});

test('an import is called after its files, never like what it brings in', async () => {
  const { service, store } = await testHost();
  const nameOf = async (configuration: object) =>
    (await store.getJob(await service.enqueue('import', configuration))).name;
  expect(await nameOf({ paths: ['/data/chunk_0.pt'] })).toBe('Import chunk_0.pt');
  expect(await nameOf({ paths: ['/data/chunk_0.pt', '/data/chunk_1.pt', '/data/chunk_2.pt'] })).toBe(
    'Import chunk_0.pt (+2)',
  );
  expect(await nameOf({ paths: ['/data/'] })).toBe('Import data');
  expect(await nameOf({ paths: ['/'] })).toBe('Import /');
  expect(await nameOf({ paths: ['/data/chunk_0.pt'], name: 'mt30' })).toBe('Import mt30');
});

test('an engine that vanishes leaves an interrupted run; resuming goes on from its newest whole checkpoint', async () => {
  for (const then of ['exit', 'kill', 'torn'] as const) {
    const host = await testHost({ atStep: 27, then });
    const id = await host.service.enqueue('train', training);
    await host.service.idle();
    const job = await host.store.getJob(id);
    expect(job).toMatchObject({ state: 'interrupted', step: 27, error: { code: 'ENGINE_DIED' } });
    await expectWholeRun(host, id, 27);
    const newest = (await host.store.contents.resumableCheckpoints(id))[0];
    expect(newest?.step).toBe(20);
    if (then === 'kill') rmSync(checkpointFile(libraryPaths(host.home), newest?.facts.sha256 ?? ''));
    await host.service.resume(id);
    await host.service.idle();
    const start = await readStartFile(jobPathsIn(libraryPaths(host.home), id));
    expect(start.resume?.step).toBe(then === 'kill' ? 10 : 20);
    const detail = await host.store.jobDetail(id);
    expect(detail.job).toMatchObject({ state: 'finished', step: 40, attempt: 2, error: null });
    expect(detail.replayedDifferently).toBe(0);
    expect((await host.store.replayOf(id)).totalLoss?.compared).toBe(then === 'kill' ? 17 : 7);
    await expectWholeRun(host, id, 40);
  }
});

test('an engine that says that it failed is believed, and only ended jobs can be resumed', async () => {
  const { service, store } = await testHost({ atStep: 5, then: 'failed' });
  const id = await service.enqueue('train', training);
  await service.idle();
  expect(await store.getJob(id)).toMatchObject({ state: 'failed', error: { code: 'DIVERGED', detail: 'as asked' } });
  await service.resume(id);
  await service.idle();
  expect(await store.getJob(id)).toMatchObject({ state: 'finished', error: null });
  await expect(service.resume(id)).rejects.toMatchObject({ code: 'NOT_RESUMABLE' });
});

test('stopping writes a checkpoint', async () => {
  const host = await testHost({ stepMilliseconds: 5 });
  const id = await host.service.enqueue('train', { ...training, steps: 1_000_000 });
  await until(host.service, (event) => event.type === 'metrics' && event.step >= 12);
  const stopped = reaches(host.service, id, 'stopped');
  await host.service.stop(id);
  await stopped;
  await host.service.idle();
  const { step } = await host.store.getJob(id);
  expect((await host.store.contents.lastCheckpointOf(id))?.step).toBe(step);
});

test('a deaf engine can be ended by force', async () => {
  const host = await testHost({ atStep: 30, then: 'deaf' });
  const id = await host.service.enqueue('train', training);
  await until(host.service, (event) => event.type === 'metrics' && event.step >= 30);
  await host.service.stop(id);
  expect((await host.store.getJob(id)).state).toBe('stopping');
  await host.service.stop(id, { force: true });
  await host.service.idle();
  expect(await host.store.getJob(id)).toMatchObject({ state: 'interrupted', step: 30 });
});

test('one job a lane at a time, light ones beside training, and a chain waits for its links', async () => {
  const { service, store, home } = await testHost({ atStep: 20, then: 'waits' });
  const running = new Map<string, number>();
  let most = 0;
  service.onChange((event) => {
    if (event.type !== 'job' || event.job.kind !== 'train') return;
    running.set(event.job.id, event.job.state === 'running' ? 1 : 0);
    most = Math.max(
      most,
      [...running.values()].reduce((sum, one) => sum + one, 0),
    );
  });
  const first = await service.enqueue('train', training);
  const { group, jobs } = await service.enqueueGroup('test', 'a chain', [
    { kind: 'train', configuration: { ...training, student: { init: `job:${first}` }, seed: 5 } },
    { kind: 'export', configuration: { checkpoint: 'job:#0' } },
  ]);
  const light = await service.enqueue('verify', {});
  await reaches(service, light, 'finished');
  expect((await store.getJob(first)).state).toBe('running');
  letGo(home);
  await service.idle();
  expect(most).toBe(1);
  expect((await store.getGroup(group)).jobs.map(({ id, state }) => [id, state])).toEqual(
    jobs.map((id) => [id, 'finished']),
  );
  const [, exported] = jobs;
  const [input] = await store.supervision.jobInputs(exported ?? '');
  const last = await store.contents.lastCheckpointOf(jobs[0] ?? '');
  expect(input).toMatchObject({ key: 'checkpoint', id: last?.id });
  const start = await readStartFile(jobPathsIn(libraryPaths(home), exported ?? ''));
  expect(start.checkpoints.checkpoint).toMatchObject({ id: last?.id, name: 'Train 1M, seed 5 @ 40' });
});

test('what waits for a job that did not finish fails, and can be resumed after that one', async () => {
  const { service, store } = await testHost({ atStep: 4, then: 'exit' });
  const { jobs } = await service.enqueueGroup('test', 'a chain', [
    { kind: 'train', configuration: { ...training, steps: 8 } },
    { kind: 'export', configuration: { checkpoint: 'job:#0' } },
  ]);
  const [first = '', second = ''] = jobs;
  await service.idle();
  expect(await store.getJob(second)).toMatchObject({ state: 'failed', error: { code: 'PREDECESSOR_FAILED' } });
  await service.resume(first);
  await service.resume(second);
  await service.idle();
  expect((await store.getJob(second)).state).toBe('finished');
});

test('closing makes engines save and leaves true states; the next start can go on', async () => {
  const host = await testHost({ atStep: 20, then: 'waits' });
  const id = await host.service.enqueue('train', { ...training, steps: 60 });
  const waiting = await host.service.enqueue('train', { ...training, seed: 3 });
  await until(host.service, (event) => event.type === 'metrics' && event.step >= 13);
  await host.service.close();
  const left = await host.store.getJob(id);
  expect(left).toMatchObject({ state: 'interrupted', error: { code: 'HOST_GONE' } });
  expect((await host.store.contents.lastCheckpointOf(id))?.step).toBe(left.step);
  expect((await host.store.getJob(waiting)).state).toBe('queued');
  await host.store.close();
  const next = await openHost(host.home, {});
  await next.service.resume(id);
  await next.service.idle();
  expect((await next.store.getJob(waiting)).state).toBe('finished');
  await expectWholeRun(next, id, 60);
});

test('what an engine that is gone acknowledged is taken over before the library is open, however short the patience', async () => {
  const first = await testHost({ atStep: 20, then: 'lingers' });
  const id = await first.service.enqueue('train', training);
  await until(first.service, (event) => event.type === 'metrics' && event.step >= 20);
  const { enginePid } = await first.store.supervision.getJobRow(id);
  await first.service.close(0);
  await first.store.close();
  process.kill(enginePid ?? 0, 'SIGKILL');
  await expect.poll(() => isSameProcessAlive(enginePid ?? 0, null)).toBe('gone');
  const { store } = await openHost(first.home, {}, { times: { recoveryMilliseconds: 0 } });
  expect(await store.getJob(id)).toMatchObject({ state: 'interrupted', step: 20 });
});

test('a host for one command waits for an engine that still saves after its host went, and shows how it ended', async () => {
  const first = await testHost({ atStep: 20, then: 'lingers' });
  const id = await first.service.enqueue('train', training);
  await until(first.service, (event) => event.type === 'metrics' && event.step >= 20);
  await first.service.close(0);
  expect((await first.store.getJob(id)).state).toBe('running');
  await first.store.close();
  const opening = openHost(first.home, {}, { holdQueued: true });
  letGo(first.home);
  const { store } = await opening;
  expect(await store.getJob(id)).toMatchObject({ state: 'interrupted', error: { code: 'ENGINE_DIED' } });
});

test('an estimate goes with its folder when the next one is queued, and when the library is opened again', async () => {
  const host = await testHost();
  const { service, store, home } = host;
  const hiddenJobs = async () =>
    (await store.listJobs({ hidden: true })).filter(({ kind }) => kind === 'verify').map(({ id }) => id);
  const shown = await service.enqueue('verify', {});
  const first = await service.enqueue('verify', {}, { hidden: true });
  await service.idle();
  expect(await hiddenJobs()).toEqual([first, shown]);
  const gone = until(service, (event) => event.type === 'deleted' && event.id === first);
  const second = await service.enqueue('verify', {}, { hidden: true });
  await gone;
  expect(await hiddenJobs()).toEqual([second, shown]);
  // One that has not ended stays.
  const third = await service.enqueue('verify', {}, { hidden: true });
  expect(await hiddenJobs()).toContain(third);
  await service.idle();
  expect(existsSync(jobFolder(libraryPaths(home), first))).toBe(false);
  await service.close();
  await store.close();
  const next = await openHost(home, {});
  expect((await next.store.listJobs({ hidden: true })).map(({ id }) => id)).toEqual([shown]);
  await next.service.idle();
  expect(existsSync(jobFolder(libraryPaths(home), third))).toBe(false);
  expect(existsSync(jobFolder(libraryPaths(home), shown))).toBe(true);
});

test('deleting refuses what is needed and takes the files of what is not', async () => {
  const { service, store, home } = await testHost({ atStep: 20, then: 'waits' });
  const first = await service.enqueue('train', training);
  await until(service, (event) => event.type === 'metrics');
  await expect(service.delete('job', first)).rejects.toMatchObject({ code: 'IN_USE' });
  letGo(home);
  await service.idle();
  holdBack(home);
  const { id: dataset } = await store.resolve(['dataset'], 'data');
  const checkpoint = await store.contents.lastCheckpointOf(first);
  const second = await service.enqueue('train', { ...training, seed: 4, student: { init: checkpoint?.id } });
  await expect(service.delete('checkpoint', checkpoint?.id ?? '')).rejects.toMatchObject({ code: 'IN_USE' });
  await expect(service.delete('dataset', dataset)).rejects.toMatchObject({ code: 'IN_USE' });
  letGo(home);
  await service.idle();
  const removed = await service.delete('job', first);
  expect(removed).toContain(checkpoint?.id);
  expect(existsSync(jobFolder(libraryPaths(home), first))).toBe(false);
  expect(existsSync(checkpointFile(libraryPaths(home), checkpoint?.facts.sha256 ?? ''))).toBe(false);
  expect(existsSync(jobFolder(libraryPaths(home), second))).toBe(true);
  await service.delete('dataset', dataset);
  expect(await store.contents.listDatasets()).toEqual([]);
});
