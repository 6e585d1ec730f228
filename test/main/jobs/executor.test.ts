import { rmSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { DecantError } from '../../../shared/errors.ts';
import { manifestFile, libraryPaths } from '../../../main/files/library.ts';
import { forkLauncher, type EngineLauncher } from '../../../main/jobs/launcher.ts';
import { datasetFacts, hashOf } from '../store/facts.ts';
import { openHost, reaches, testHost, until } from './library.ts';
import { fakeEngine, fakeEnvironment, letGo, prepareLibrary, training } from './prepare.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const times = { pollMilliseconds: 50, retryMilliseconds: 20 };

/** A promise that its test fulfils. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

async function preparedHome(): Promise<string> {
  const home = temporaryFolder();
  await prepareLibrary(home);
  return home;
}

test('files that cannot be removed keep no job from starting, and stay noted', async () => {
  const removeManifests = vi.fn(() => Promise.reject(new DecantError('FILE_UNWRITABLE', 'the folder is read-only')));
  const { service, store, problems } = await openHost(await preparedHome(), {}, { removeManifests });
  const { id } = await store.resolve(['dataset'], 'data');
  expect(await service.delete('dataset', id)).toEqual([id]);
  const job = await service.enqueue('verify', {});
  await service.idle();
  expect((await store.getJob(job)).state).toBe('finished');
  expect(problems).toContain('the folder is read-only');
  expect((await store.listGarbage()).manifests).toEqual([hashOf('data')]);
});

test('no engine is started while files are removed', async () => {
  const removal = gate();
  const begun = gate();
  const seen: string[] = [];
  const removeManifests = async (): Promise<void> => {
    begun.open();
    await removal.opened;
    seen.push('removed');
  };
  const { service, store } = await openHost(await preparedHome(), {}, { removeManifests });
  const { id } = await store.resolve(['dataset'], 'data');
  const deleted = service.delete('dataset', id);
  await begun.opened;
  service.onChange((event) => {
    if (event.type === 'job') seen.push(event.job.state);
  });
  const job = await service.enqueue('verify', {});
  // Many times what a start takes.
  for (let question = 0; question < 300; question += 1) await store.getJob(job);
  removal.open();
  await deleted;
  await service.idle();
  expect(seen.slice(0, 3)).toEqual(['queued', 'removed', 'running']);
});

test('a job that fails unstarted takes along what waits for it in the other lane', async () => {
  const { service, store } = await testHost({ atStep: 4, then: 'exit' });
  const { jobs } = await service.enqueueGroup('test', 'there and back', [
    { kind: 'train', configuration: training },
    { kind: 'export', configuration: { checkpoint: 'job:#0' } },
    { kind: 'train', configuration: training, after: ['#1'] },
  ]);
  await service.idle();
  const states = await Promise.all(jobs.map(async (id) => (await store.getJob(id)).state));
  expect(states).toEqual(['interrupted', 'failed', 'failed']);
});

test('a library that cannot be written for a while delays a start, and that is all', async () => {
  const { service, store, problems } = await openHost(await preparedHome(), {}, { times });
  const full = new DecantError('DISK_FULL', 'for a while');
  const marking = vi.spyOn(store.supervision, 'markRunning').mockRejectedValueOnce(full).mockRejectedValueOnce(full);
  const id = await service.enqueue('train', training);
  await service.idle();
  expect((await store.getJob(id)).state).toBe('finished');
  expect(marking).toHaveBeenCalledTimes(3);
  expect(problems).toEqual([full.detail, full.detail]);
});

test('an engine whose process cannot be recorded is supervised all the same', async () => {
  const { service, store, problems } = await openHost(await preparedHome(), {}, { times });
  const full = new DecantError('DISK_FULL', 'for a while');
  vi.spyOn(store.supervision, 'recordEngine').mockRejectedValueOnce(full);
  const id = await service.enqueue('train', training);
  await service.idle();
  expect(await store.getJob(id)).toMatchObject({ state: 'finished', step: 40 });
  expect(problems).toEqual([full.detail]);
});

test('a stop by force holds for an engine that is just being started', async () => {
  const start = gate();
  const engines = forkLauncher(fakeEngine, fakeEnvironment({ stepMilliseconds: 5 }));
  const launcher: EngineLauncher = {
    launch: async (request) => {
      await start.opened;
      return engines.launch(request);
    },
  };
  const { service, store } = await openHost(await preparedHome(), {}, { launcher });
  const id = await service.enqueue('train', { ...training, steps: 1_000_000 });
  await expect.poll(async () => (await store.getJob(id)).state).toBe('running');
  await service.stop(id, { force: true });
  start.open();
  await service.idle();
  expect(await store.getJob(id)).toMatchObject({ state: 'interrupted', error: { code: 'ENGINE_DIED' } });
});

test('a job that was left queued and then stopped is queued again when it is resumed', async () => {
  const first = await testHost({ atStep: 20, then: 'waits' });
  await first.service.enqueue('train', training);
  const left = await first.service.enqueue('train', training);
  await until(first.service, (event) => event.type === 'metrics');
  await first.service.close();
  await first.store.close();
  const { service, store } = await openHost(first.home, {}, { holdQueued: true });
  await service.stop(left);
  expect((await store.getJob(left)).state).toBe('stopped');
  const finished = reaches(service, left, 'finished');
  await service.resume(left);
  await finished;
});

test('a job is stopped, resumed and deleted while its engine is still on its way out', async () => {
  // Ends of engines that are told late: each record of an end is taken over before the process is known to be gone.
  const leave = gate();
  const engines = forkLauncher(fakeEngine, fakeEnvironment({ atStep: 20, then: 'waits' }));
  const launcher: EngineLauncher = {
    launch: async (request) => {
      const engine = await engines.launch(request);
      return { ...engine, exited: leave.opened.then(() => engine.exited) };
    },
  };
  const home = await preparedHome();
  const { service, store, problems } = await openHost(home, {}, { launcher });
  const resumed = await service.enqueue('train', training);
  const next = await service.enqueue('train', { ...training, seed: 2 });
  await until(service, (event) => event.type === 'metrics' && event.step >= 20);
  const stopped = reaches(service, resumed, 'stopped');
  await service.stop(resumed);
  await stopped;
  await service.resume(resumed);
  expect((await store.getJob(resumed)).state).toBe('queued');
  await service.stop(next);
  await service.delete('job', next);
  const light = await service.enqueue('verify', {});
  await reaches(service, light, 'finished');
  await service.delete('job', light);
  letGo(home);
  leave.open();
  await service.idle();
  expect(await store.getJob(resumed)).toMatchObject({ state: 'finished', attempt: 2, step: 40 });
  expect(problems).toEqual([]);
});

test('a job whose dataset went while it was queued fails, and the lane goes on', async () => {
  const home = await preparedHome();
  const { service, store } = await openHost(home, {}, {});
  await store.contents.addDataset(null, 'other', datasetFacts('other'));
  rmSync(manifestFile(libraryPaths(home), hashOf('data')));
  const lost = await service.enqueue('train', training);
  const next = await service.enqueue('collect', { tasks: ['pendulum-spin'], episodes: 1 });
  await service.idle();
  expect(await store.getJob(lost)).toMatchObject({ state: 'failed', error: { code: 'DATASET_VANISHED' } });
  expect((await store.getJob(next)).state).toBe('finished');
});
