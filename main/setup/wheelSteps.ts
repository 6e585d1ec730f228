import { chmod, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DecantError } from '../../shared/errors.ts';
import { writeFileDurably } from '../files/durable.ts';
import { ensureFolder, removeFolder } from '../files/folders.ts';
import { sha256OfFile } from '../files/hash.ts';
import { folderBytes } from '../files/measure.ts';
import { type Wheel } from './pinned.ts';
import { type Step, StepLost } from './steps.ts';
import { syncBelow } from './sync.ts';
import { isWantedOfWheel, unpackWheel } from './unpackWheel.ts';
import { download, removeIfThere, type TensorflowWork } from './tensorflowWork.ts';

/** Fetches a wheel by pip, then takes what is needed out of it. */
export function wheelSteps(work: TensorflowWork, wheel: Wheel): Step[] {
  return [downloadStep(work, wheel), unpackStep(work, wheel)];
}

function nameOf(wheel: Wheel): string {
  return wheel.requirement.replace('==', ' ');
}

function wheelFolder({ places }: TensorflowWork, wheel: Wheel): string {
  return join(places.downloads, wheel.requirement);
}

/** Where pip writes until a file is whole. */
function temporaryFolder({ places }: TensorflowWork): string {
  return join(places.downloads, 'temporary');
}

/** How far a download is that another program makes: looked at in the folders where it writes. */
async function watchBytes<Result>(
  folders: readonly string[],
  total: number,
  report: (done: number, total: number, unit: string) => Promise<void>,
  action: () => Promise<Result>,
): Promise<Result> {
  const ended = new AbortController();
  const watch = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      const sizes = await Promise.all(folders.map(folderBytes));
      // pip copies the finished file from one folder into the other.
      await report(megabytes(Math.min(total, Math.max(...sizes))), megabytes(total), 'MB');
      await delay(500, undefined, { signal: ended.signal }).catch(() => undefined);
    }
  };
  const watched = watch();
  try {
    return await action();
  } finally {
    ended.abort();
    await watched;
  }
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e5) / 10;
}

/** pip's own names of the systems whose wheels run here. */
const platforms = ['manylinux_2_28_x86_64', 'manylinux_2_27_x86_64', 'manylinux_2_17_x86_64', 'manylinux2014_x86_64'];

function downloadId(wheel: Wheel): string {
  return `download ${wheel.requirement}`;
}

/** The file of a downloaded wheel; its bytes are looked at again, since pip saw them before they were on the disk. Errors: SETUP_DOWNLOAD_FAILED. */
async function downloadedWheel(work: TensorflowWork, wheel: Wheel): Promise<string> {
  const folder = wheelFolder(work, wheel);
  const name = (await readdir(folder).catch(() => [])).find((entry) => entry.endsWith('.whl'));
  const path = name === undefined ? undefined : join(folder, name);
  if (path !== undefined && (await sha256OfFile(path)).sha256 === wheel.sha256) return path;
  throw new StepLost(downloadId(wheel), `${nameOf(wheel)} does not lie as it was downloaded in ${folder}`);
}

function downloadStep(work: TensorflowWork, wheel: Wheel): Step {
  // What a killed attempt left there would count as downloaded.
  const clear = async (): Promise<void> => {
    for (const path of [wheelFolder(work, wheel), temporaryFolder(work)]) await removeIfThere(path);
  };
  return {
    clear,
    id: downloadId(wheel),
    key: wheel.sha256,
    title: `downloading ${nameOf(wheel)}`,
    run: async (report) => {
      const pip = await work.run({ program: 'python3', args: ['-m', 'pip', '--version'] }, work.signal);
      if (pip.status !== 0)
        throw new DecantError('SETUP_PROGRAM_MISSING', 'python3 is here without its pip (package python3-pip)');
      const folder = wheelFolder(work, wheel);
      const temporary = temporaryFolder(work);
      await clear();
      for (const path of [folder, temporary]) await ensureFolder(path);
      const requirements = join(work.places.downloads, 'requirements.txt');
      const line = `${wheel.requirement} --hash=sha256:${wheel.sha256}\n`;
      await writeFileDurably(requirements, new TextEncoder().encode(line));
      const args = [
        '-m',
        'pip',
        'download',
        '--no-deps',
        '--no-cache-dir',
        '--require-hashes',
        '--progress-bar',
        'off',
      ];
      args.push('--disable-pip-version-check', '--only-binary=:all:', '--implementation', 'cp');
      args.push('--python-version', '3.12', '--abi', 'cp312', '--abi', 'none');
      for (const platform of platforms) args.push('--platform', platform);
      args.push('-d', folder, '-r', requirements);
      await watchBytes([temporary, folder], wheel.bytes, report, () =>
        download(work, nameOf(wheel), { program: 'python3', args, environment: { TMPDIR: temporary } }),
      );
      await removeFolder(temporary);
      await syncBelow(folder);
    },
  };
}

function unpackStep(work: TensorflowWork, wheel: Wheel): Step {
  return {
    id: `unpack ${wheel.requirement}`,
    key: wheel.sha256,
    title: `unpacking ${nameOf(wheel)}`,
    run: async (report) => {
      const file = await downloadedWheel(work, wheel);
      let last = 0;
      await unpackWheel(
        file,
        work.places.site,
        isWantedOfWheel,
        async (bytes, total) => {
          if (bytes < total && Date.now() - last < 500) return;
          last = Date.now();
          await report(megabytes(bytes), megabytes(total), 'MB');
        },
        work.signal,
      );
      const compiler = join(work.places.site, 'nvidia/cuda_nvcc/bin');
      for (const program of await readdir(compiler).catch(() => [])) await chmod(join(compiler, program), 0o755);
    },
    cleanUp: () => removeIfThere(wheelFolder(work, wheel)),
  };
}
