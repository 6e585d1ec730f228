import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { libraryPaths, manifestFile } from '../../main/files/library.ts';
import { forkLauncher } from '../../main/jobs/launcher.ts';
import { JobService } from '../../main/jobs/service.ts';
import { Store } from '../../main/store/store.ts';
import { datasetFacts, hashOf, temporaryFolder } from '../store/library.ts';
import type { Behaviour } from './behaviour.ts';

export const fakeEngine = fileURLToPath(new URL('./fakeEngine.ts', import.meta.url));

/** What the fake engine is told by its environment. */
export function fakeEnvironment(behaviour: Behaviour): NodeJS.ProcessEnv {
  return { ...process.env, FAKE_ENGINE: JSON.stringify(behaviour) };
}

/** A library with one dataset, named "data", whose manifest is an empty file. */
export async function prepareLibrary(home: string): Promise<void> {
  const store = await Store.open(home);
  await store.addDataset(null, 'data', datasetFacts('data'));
  await store.close();
  const paths = libraryPaths(home);
  mkdirSync(paths.manifests, { recursive: true });
  writeFileSync(manifestFile(paths, hashOf('data')), '{}');
}

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

export async function openHost(home: string, behaviour: Behaviour): Promise<TestHost> {
  const store = await Store.open(home);
  const problems: string[] = [];
  const service = await JobService.open({
    home,
    store,
    launcher: forkLauncher(fakeEngine, fakeEnvironment(behaviour)),
    codeVersion: 'test',
    times: { pollMilliseconds: 50 },
    onProblem: (message) => problems.push(message),
  });
  onTestFinished(async () => {
    await service.close(5000);
    await store.close();
  });
  return { home, store, service, problems };
}

export const training = { method: 'scratch', dataset: 'data', steps: 40, checkpointEvery: 10, keepLast: 2 };
