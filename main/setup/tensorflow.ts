import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DecantError } from '../../shared/errors.ts';
import { writeFileDurably } from '../files/durable.ts';
import { ensureFolder, moveDurably, removeFolder } from '../files/folders.ts';
import { sha256OfFile } from '../files/hash.ts';
import { folderBytes } from '../files/measure.ts';
import { type Downloads, type SourcePackage, type Wheel } from './pinned.ts';
import { type TensorflowPlaces } from './places.ts';
import { lastLines, type ProgramRun, type RunProgram } from './programs.ts';
import { type Step, StepLost } from './steps.ts';
import { syncBelow, syncFile } from './sync.ts';
import { isWantedOfWheel, unpackWheel } from './unpackWheel.ts';

/** Starts the TensorFlow in a folder and computes with it; says what it is, and whether it uses a GPU. */
export type CheckTensorflow = (folder: string) => Promise<{ text: string; gpu: boolean }>;

export interface TensorflowWork {
  readonly places: TensorflowPlaces;
  readonly downloads: Downloads;
  readonly run: RunProgram;
  readonly signal: AbortSignal;
  /** Starts what was built and says what it is, or throws. */
  readonly check: CheckTensorflow;
}

/** The steps in their order. Each can be cut short at any moment and begun again. */
export function tensorflowSteps(work: TensorflowWork): Step[] {
  return [
    sourcesStep(work),
    ...work.downloads.wheels.flatMap((wheel) => [downloadStep(work, wheel), unpackStep(work, wheel)]),
    compileStep(work),
    checkStep(work),
  ];
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

async function removeIfThere(folder: string): Promise<void> {
  if (existsSync(folder)) await removeFolder(folder);
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

async function download(work: TensorflowWork, what: string, run: ProgramRun): Promise<void> {
  const { status, printed } = await work.run(run, work.signal);
  if (status !== 0) throw new DecantError('SETUP_DOWNLOAD_FAILED', `${what}: ${lastLines(printed)}`);
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

function sourcesStep(work: TensorflowWork): Step {
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

const units = ['tfjs_backend', 'tfjs_binding'] as const;

function compileStep(work: TensorflowWork): Step {
  const { places } = work;
  return {
    id: 'compile',
    key: `${work.downloads.binding.integrity} ${work.downloads.wheels[0]?.sha256 ?? ''}`,
    title: 'compiling the binding',
    run: async (report) => {
      const compile = async (args: readonly string[]): Promise<void> => {
        const { status, printed } = await work.run({ program: 'g++', args }, work.signal);
        if (status !== 0) throw new DecantError('SETUP_FAILED', `g++: ${lastLines(printed)}`);
      };
      const binding = join(places.sources, 'binding/binding');
      const includes = [binding, join(places.sources, 'headers/include'), join(places.site, 'tensorflow/include')];
      const common = ['-std=c++17', '-O2', '-fPIC', '-w', '-DNAPI_VERSION=8', ...includes.map((path) => `-I${path}`)];
      let done = 0;
      const object = (unit: string): string => join(places.sources, `${unit}.o`);
      const unitOf = async (unit: string): Promise<void> => {
        await compile([...common, '-c', join(binding, `${unit}.cc`), '-o', object(unit)]);
        done += 1;
        await report(done, units.length + 1, 'steps');
      };
      if (availableParallelism() > 1) await Promise.all(units.map(unitOf));
      else for (const unit of units) await unitOf(unit);
      await mkdir(dirname(places.binding), { recursive: true });
      const libraries = ['-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2'];
      // Found from where the binding lies, so that the folder can be moved.
      const search = [`-L${join(places.site, 'tensorflow')}`, '-Wl,-rpath,$ORIGIN/../site/tensorflow'];
      const linked = join(places.sources, 'tfjs_binding.node');
      await compile(['-shared', '-o', linked, ...units.map(object), ...search, ...libraries]);
      await syncFile(linked);
      await moveDurably(linked, places.binding);
      await report(units.length + 1, units.length + 1, 'steps');
    },
  };
}

function checkStep(work: TensorflowWork): Step {
  return {
    id: 'check',
    key: work.downloads.wheels.map(({ sha256 }) => sha256).join(' '),
    title: 'starting TensorFlow',
    run: async (report) => {
      const { places } = work;
      await work.check(places.folder).catch((thrown: unknown) => {
        if (thrown instanceof DecantError && thrown.code === 'SETUP_FAILED') throw thrown;
        const reason = thrown instanceof Error ? thrown.message : String(thrown);
        throw new DecantError('SETUP_FAILED', `TensorFlow was built and does not start: ${reason}`, { cause: thrown });
      });
      await report(1, 1, 'steps');
    },
    cleanUp: async () => {
      const { downloads, sources, site } = work.places;
      for (const folder of [downloads, sources, join(site, 'tensorflow/include')]) await removeIfThere(folder);
    },
  };
}
