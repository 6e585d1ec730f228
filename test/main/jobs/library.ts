import { onTestFinished } from 'vitest';
import { forkLauncher } from '../../../main/jobs/launcher.ts';
import { JobService, type JobServiceOptions } from '../../../main/jobs/service.ts';
import { Store } from '../../../main/store/store.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import type { Behaviour } from './behaviour.ts';
import { fakeEngine, fakeEnvironment, prepareLibrary } from './prepare.ts';

export interface TestHost {
  home: string;
  store: Store;
  service: JobService;
  problems: string[];
}

/** A store and a job service on a library of their own; closed with the test. */
export async function testHost(behaviour: Behaviour = {}, home = temporaryFolder()): Promise<TestHost> {
  await prepareLibrary(home);
  return openHost(home, behaviour);
}

export async function openHost(
  home: string,
  behaviour: Behaviour,
  options: Partial<JobServiceOptions> = {},
): Promise<TestHost> {
  const store = await Store.open(home);
  const problems: string[] = [];
  const service = await JobService.open({
    home,
    store,
    launcher: forkLauncher(fakeEngine, fakeEnvironment(behaviour)),
    codeVersion: 'test',
    times: { pollMilliseconds: 50 },
    onProblem: (message) => problems.push(message),
    ...options,
  });
  onTestFinished(async () => {
    await service.close(5000);
    await store.close();
  });
  return { home, store, service, problems };
}
