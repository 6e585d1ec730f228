import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { libraryPaths, manifestFile } from '../../../main/files/library.ts';
import { Store } from '../../../main/store/store.ts';
import { datasetFacts, hashOf } from '../store/facts.ts';
import { goFile, type Behaviour } from './behaviour.ts';

export const fakeEngine = fileURLToPath(new URL('./fakeEngine.ts', import.meta.url));

/** What the fake engine is told by its environment. */
export function fakeEnvironment(behaviour: Behaviour): NodeJS.ProcessEnv {
  return { ...process.env, FAKE_ENGINE: JSON.stringify(behaviour) };
}

/** Lets the fake engines of a library go that wait, and those that will wait. */
export function letGo(home: string): void {
  writeFileSync(goFile(home), '');
}

/** From now on they wait again. */
export function holdBack(home: string): void {
  rmSync(goFile(home));
}

/** A library with one dataset, named "data", whose manifest is an empty file. */
export async function prepareLibrary(home: string): Promise<void> {
  const store = await Store.open(home);
  await store.contents.addDataset(null, 'data', datasetFacts('data'));
  await store.close();
  const paths = libraryPaths(home);
  mkdirSync(paths.manifests, { recursive: true });
  writeFileSync(manifestFile(paths, hashOf('data')), '{}');
}

export const training = { method: 'scratch', dataset: 'data', steps: 40, checkpointEvery: 10, keepLast: 2 };
