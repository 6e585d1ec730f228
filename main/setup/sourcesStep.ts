import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DecantError } from '../../shared/errors.ts';
import { ensureFolder, moveDurably, removeFolder } from '../files/folders.ts';
import { type SourcePackage } from './pinned.ts';
import { lastLines, type ProgramRun } from './programs.ts';
import { type Step } from './steps.ts';
import { syncBelow } from './sync.ts';
import { download, type TensorflowWork } from './tensorflowWork.ts';

async function fetchSources(work: TensorflowWork, source: SourcePackage, folder: string): Promise<void> {
  const what = `${source.name} ${source.version}`;
  const packed = `${folder}.packed`;
  await removeFolder(packed);
  await ensureFolder(packed);
  await download(
    work,
    what,
    npmRun(['pack', `${source.name}@${source.version}`, '--pack-destination', packed], packed),
  );
  const file = (await readdir(packed)).find((entry) => entry.endsWith('.tgz'));
  if (file === undefined) throw new DecantError('SETUP_DOWNLOAD_FAILED', `${what}: npm packed no file`);
  const found = `sha512-${createHash('sha512')
    .update(await readFile(join(packed, file)))
    .digest('base64')}`;
  if (found !== source.integrity)
    throw new DecantError('SETUP_DOWNLOAD_FAILED', `${what} is not the file that Decant was tested with`);
  const args = ['-xzf', join(packed, file), '-C', packed];
  const { status, printed } = await work.run({ program: 'tar', args }, work.signal);
  if (status !== 0) throw new DecantError('SETUP_FAILED', `tar: ${lastLines(printed)}`);
  await removeFolder(folder);
  await syncBelow(join(packed, 'package'));
  await moveDurably(join(packed, 'package'), folder);
  await removeFolder(packed);
}

/** Within npm its own program is known; otherwise the one of the path. */
function npmRun(args: readonly string[], cwd: string): ProgramRun {
  const own = process.env['npm_execpath'];
  return own?.endsWith('.js') === true && !('electron' in process.versions)
    ? { program: process.execPath, args: [own, ...args], cwd }
    : { program: 'npm', args, cwd };
}

/** Fetches the sources of the binding and of its headers by npm. */
export function sourcesStep(work: TensorflowWork): Step {
  const { binding, headers } = work.downloads;
  const packages = Object.entries({ binding, headers });
  return {
    id: 'sources',
    key: `${binding.integrity} ${headers.integrity}`,
    title: 'downloading the sources of the binding',
    run: async (report) => {
      await ensureFolder(work.places.sources);
      for (const [index, [folder, source]] of packages.entries()) {
        await fetchSources(work, source, join(work.places.sources, folder));
        await report(index + 1, packages.length, 'packages');
      }
    },
  };
}
