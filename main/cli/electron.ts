import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Without a byte for so long, or not done after so long, fetching is given up, in milliseconds. */
export const fetchLimits = { silence: 20_000, whole: 600_000 };

const executables: Partial<Record<NodeJS.Platform, string>> = {
  darwin: 'Electron.app/Contents/MacOS/Electron',
  win32: 'electron.exe',
};

/** Electron's program in the installation under `root`, where it is there. */
export function findElectron(root: string): string | undefined {
  const packageFolder = join(root, 'node_modules', 'electron');
  const folder = process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? join(packageFolder, 'dist');
  const program = resolve(folder, executables[process.platform] ?? 'electron');
  return existsSync(program) ? program : undefined;
}

/** Fetches Electron's program by its own installer. False where that does not succeed within the limits; never fails. */
export async function fetchElectron(
  root: string,
  note: (text: string) => void,
  limits: typeof fetchLimits = fetchLimits,
): Promise<boolean> {
  const installer = join(root, 'node_modules', 'electron', 'install.js');
  const unwanted = process.env['ELECTRON_SKIP_BINARY_DOWNLOAD'];
  if (!existsSync(installer) || (unwanted !== undefined && unwanted !== '')) return false;
  note('Fetching Electron for the window (once; about 110 MB)…');
  // Its downloads begin in the folder for temporary files: seen in one of their own, they tell whether anything arrives.
  const arriving = mkdtempSync(join(tmpdir(), 'decant-electron-'));
  try {
    const env = { ...process.env, TMPDIR: arriving, TEMP: arriving, TMP: arriving };
    const child = spawn(process.execPath, [installer], { env, stdio: 'ignore', windowsHide: true });
    const done = await endsWhileGrowing(child, [arriving, join(root, 'node_modules', 'electron', 'dist')], limits);
    return done && findElectron(root) !== undefined;
  } finally {
    rmSync(arriving, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Whether a program ends well while files of the folders grow; it is ended where they do not. */
function endsWhileGrowing(child: ChildProcess, folders: string[], limits: typeof fetchLimits): Promise<boolean> {
  return new Promise((resolve) => {
    const began = Date.now();
    let grown = began;
    let bytes = 0;
    const watch = setInterval(
      () => {
        const now = folders.reduce((sum, folder) => sum + bytesIn(folder), 0);
        if (now > bytes) grown = Date.now();
        bytes = now;
        if (Date.now() - grown > limits.silence || Date.now() - began > limits.whole) child.kill('SIGKILL');
      },
      Math.min(1000, limits.silence / 4),
    );
    const end = (well: boolean): void => {
      clearInterval(watch);
      resolve(well);
    };
    child.once('error', () => end(false));
    child.once('exit', (status) => end(status === 0));
  });
}

function bytesIn(folder: string): number {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' }).reduce(
      (sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
  } catch {
    return 0;
  }
}

/**
 * Runs the desktop application until it ends; signals are passed on. Returns its exit status, or undefined where it could not
 * show a window: it ended badly within `soon` milliseconds, since a library of the system is missing, or a sandbox.
 */
export function runElectron(
  program: string,
  root: string,
  args: readonly string[],
  soon = 5000,
): Promise<number | undefined> {
  return new Promise((resolve) => {
    const began = Date.now();
    const env = { ...process.env };
    delete env['ELECTRON_RUN_AS_NODE'];
    const child = spawn(program, [root, ...args], { env, stdio: 'inherit' });
    let told = false;
    const pass = (signal: NodeJS.Signals): void => {
      told = true;
      child.kill(signal);
    };
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
    for (const signal of signals) process.on(signal, pass);
    const end = (status: number | undefined): void => {
      for (const signal of signals) process.off(signal, pass);
      resolve(status);
    };
    child.once('error', () => end(undefined));
    child.once('exit', (status) => {
      const failed = status !== 0 && !told && Date.now() - began < soon;
      end(failed ? undefined : told ? 0 : (status ?? 1));
    });
  });
}
