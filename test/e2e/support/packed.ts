import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repository, type Runtime } from '../runtime/places.ts';

/**
 * Packs the built application into `folder` as `npm run pack` does, around the Electron of the tests; returns the program. Two things differ
 * from what people get: the debugger's fuse stays, since Playwright attaches by it, and SQLite is the one that fits this Electron.
 */
export async function packDecant(runtime: Runtime, folder: string): Promise<string> {
  const files: object[] = [];
  if (runtime.sqliteBinding !== undefined) {
    const native = join(folder, 'native');
    mkdirSync(native, { recursive: true });
    copyFileSync(runtime.sqliteBinding, join(native, 'better_sqlite3.node'));
    files.push({ from: native, to: 'node_modules/better-sqlite3/build/Release', filter: ['*.node'] });
  }
  const settings = {
    extends: join(repository, 'electron-builder.yml'),
    electronVersion: runtime.version,
    electronDist: runtime.electronDist,
    directories: { output: join(folder, 'out'), buildResources: 'resources/icons' },
    electronFuses: { enableNodeCliInspectArguments: true },
    files,
  };
  const file = join(folder, 'electron-builder.json');
  writeFileSync(file, JSON.stringify(settings));
  const builder = join(repository, 'node_modules/electron-builder/cli.js');
  await promisify(execFile)(process.execPath, [builder, '--dir', '--linux', '--config', file], {
    cwd: repository,
    maxBuffer: 1 << 26,
  });
  return join(folder, 'out/linux-unpacked/decant');
}
