import { onTestFinished } from 'vitest';
import { openHost, type Host, type HostOptions } from '../../../main/host/host.ts';
import { forkLauncher } from '../../../main/jobs/launcher.ts';
import { type Behaviour } from '../jobs/behaviour.ts';
import { fakeEngine, fakeEnvironment, prepareLibrary } from '../jobs/prepare.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

/** A host with the fake engine on a library that holds the dataset "data"; closed with the test. */
export async function testHost(
  behaviour: Behaviour = {},
  options: Partial<HostOptions> = {},
): Promise<Host & { home: string }> {
  const home = options.home ?? temporaryFolder();
  if (options.home === undefined) await prepareLibrary(home);
  const host = await openHost({
    engineLauncher: forkLauncher(fakeEngine, fakeEnvironment(behaviour)),
    ...options,
    home,
  });
  onTestFinished(() => host.close());
  return { ...host, home };
}
