import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { libraryPaths } from '../../../main/files/library.ts';
import { openHost } from '../../../main/host/host.ts';
import { removeLeftovers } from '../../../main/host/leftovers.ts';
import { Store } from '../../../main/store/store.ts';
import { processStartTime } from '../../../main/jobs/folder/processes.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

test('what a killed import left goes at the next start, what is listed stays', async () => {
  const home = temporaryFolder();
  const library = libraryPaths(home);
  for (const folder of [library.checkpoints, library.manifests, join(library.segments, 'orphan')])
    mkdirSync(folder, { recursive: true });
  // No process has this id: Linux ends at 2^22.
  const temporary = join(library.checkpoints, '.decant-4194305-0123abcd1.tmp');
  const checkpoint = join(library.checkpoints, 'kept.safetensors');
  for (const file of [temporary, checkpoint]) writeFileSync(file, 'x');
  const host = await openHost({ home });
  await host.close();
  expect(existsSync(temporary)).toBe(false);
  expect(existsSync(join(library.segments, 'orphan'))).toBe(false);
  expect(existsSync(checkpoint)).toBe(true);
});

test('nothing goes while an engine lives that has not yet said that it writes', async () => {
  const home = temporaryFolder();
  const library = libraryPaths(home);
  const orphan = join(library.segments, 'orphan');
  mkdirSync(orphan, { recursive: true });
  const store = await Store.open(home);
  try {
    const id = store.newJobId('collect');
    await store.insertJobs([{ id, job: { kind: 'collect', name: 'c', configuration: {}, codeVersion: '0' } }]);
    await store.supervision.markRunning(id);
    await store.supervision.recordEngine(id, process.pid, await processStartTime(process.pid));
    await removeLeftovers(library, store, () => undefined);
    expect(existsSync(orphan)).toBe(true);
    await store.supervision.recordEngine(id, process.pid, 'another boot/1');
    await removeLeftovers(library, store, () => undefined);
    expect(existsSync(orphan)).toBe(false);
  } finally {
    await store.close();
  }
});
