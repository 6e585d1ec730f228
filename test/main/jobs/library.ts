import { onTestFinished } from 'vitest';
import type { HostEvent } from '../../../shared/contract.ts';
import type { JobState } from '../../../shared/jobs.ts';
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

/** The next event that is as wanted. */
export function until(service: JobService, wanted: (event: HostEvent) => boolean): Promise<HostEvent> {
  return new Promise((resolve) => {
    const end = service.onChange((event) => {
      if (!wanted(event)) return;
      end();
      resolve(event);
    });
  });
}

/** The next news of the job in one of these states. */
export function reaches(service: JobService, id: string, ...states: JobState[]): Promise<HostEvent> {
  return until(service, (event) => event.type === 'job' && event.job.id === id && states.includes(event.job.state));
}
