import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';

const require = createRequire(import.meta.url);

/** What the pinned package carries. */
export const runtimeVersion = '33.2.1';
/** Counted up when the set-up makes something else of the same package. */
const revision = 2;

export const repository = join(import.meta.dirname, '../../..');
export const runtimeFolder = import.meta.dirname;

export function packageVersion(name: string): string {
  const text = readFileSync(join(repository, 'node_modules', name, 'package.json'), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}

export function packageFolder(name: string): string {
  return dirname(require.resolve(`${name}/package.json`));
}

/** The user's cache folder: downloads and builds are kept there, named by their versions. */
function cacheFolder(): string {
  const given = process.env['XDG_CACHE_HOME'];
  return join(given === undefined || given === '' ? join(homedir(), '.cache') : given, 'decant-test');
}

export interface RuntimePlaces {
  /** The folder with Electron's own files, as electron-builder's `electronDist` wants it. */
  electron: string;
  executable: string;
  /** better-sqlite3 rebuilt for the older Node-API of this Electron. */
  sqlite: string;
}

export function runtimePlaces(): RuntimePlaces {
  const machine = `${process.platform}-${process.arch}`;
  const electron = join(cacheFolder(), `electron-${runtimeVersion}-${machine}-r${revision}`);
  const sqlite = `better-sqlite3-${packageVersion('better-sqlite3')}-electron-${runtimeVersion}-${machine}.node`;
  return { electron, executable: join(electron, 'electron'), sqlite: join(cacheFolder(), sqlite) };
}

export interface Runtime {
  version: string;
  executable: string;
  electronDist: string;
  /** The rebuilt SQLite that has to be named to the app; absent for an Electron that loads the shipped one. */
  sqliteBinding?: string;
}

/** The Electron that tests drive: the product's own where its binary was fetched, else the test runtime; otherwise the reason why there is none. */
export function findRuntime(): Runtime | { missing: string } {
  const own = join(repository, 'node_modules/electron/dist');
  const executable = join(own, process.platform === 'win32' ? 'electron.exe' : 'electron');
  if (process.platform !== 'darwin' && existsSync(executable))
    return { version: packageVersion('electron'), executable, electronDist: own };
  const places = runtimePlaces();
  if (existsSync(places.executable) && existsSync(places.sqlite))
    return {
      version: runtimeVersion,
      executable: places.executable,
      electronDist: places.electron,
      sqliteBinding: places.sqlite,
    };
  return { missing: 'no Electron is here; `node test/e2e/runtime/setup.ts` fetches one for tests (Linux on x64)' };
}
