import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { libraryPaths } from '../../../main/files/library.ts';
import { openHost } from '../../../main/host/host.ts';
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
