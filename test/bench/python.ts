import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const torchFolder = join(import.meta.dirname, 'torch');
const requirements = join(torchFolder, 'requirements.txt');
/** Names an interpreter that has the requirements already. */
export const interpreterVariable = 'DECANT_BENCH_PYTHON';
/** The oldest Python that the pinned PyTorch has packages for. */
const oldest = [3, 10] as const;

/** Why there is no PyTorch to compare with, and what to do. */
export class PythonMissing extends Error {}

/** The user's cache folder, by the conventions of the system. */
export function cacheFolder(platform: NodeJS.Platform, env: NodeJS.ProcessEnv, home: string): string {
  const given = (name: string) => (env[name] === undefined || env[name] === '' ? undefined : env[name]);
  if (platform === 'win32') return join(given('LOCALAPPDATA') ?? join(home, 'AppData', 'Local'), 'decant-bench');
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'decant-bench');
  return join(given('XDG_CACHE_HOME') ?? join(home, '.cache'), 'decant-bench');
}

/** Whether a version such as "3.11" is new enough. */
export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
}

async function versionOf(command: string): Promise<string | undefined> {
  const script = 'import sys, venv, ensurepip; print("%d.%d" % sys.version_info[:2])';
  return run(command, ['-c', script]).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
}

/** A Python that can make environments. */
async function basePython(): Promise<{ command: string; version: string }> {
  const found: string[] = [];
  for (const command of ['python3', 'python']) {
    const version = await versionOf(command);
    if (version === undefined) continue;
    if (isNewEnough(version)) return { command, version };
    found.push(`${command} is ${version}`);
  }
  const there = found.length === 0 ? 'no Python with venv and pip was found' : found.join(', ');
  throw new PythonMissing(
    `${there}; install Python ${oldest.join('.')} or later (on Debian: python3 python3-venv), name one that has ` +
      `test/bench/torch/requirements.txt in ${interpreterVariable}, or measure Decant alone with --alone`,
  );
}

function show(command: string, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    // What pip prints is progress: standard output may be somebody's result.
    const child = spawn(command, args, { stdio: ['ignore', process.stderr, 'inherit'] });
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0) resolve();
      else reject(new PythonMissing(`${[command, ...args].join(' ')} failed; the lines above say why`));
    });
  });
}

/** The environment of the pinned packages for the Python at hand: where it is, and the mark that it is complete. */
async function environment() {
  const base = await basePython();
  const key = createHash('sha256').update(readFileSync(requirements)).update(base.version).digest('hex').slice(0, 12);
  const folder = join(cacheFolder(process.platform, process.env, homedir()), `torch-${key}`);
  const python = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  return { base, folder, python, finished: join(folder, 'finished') };
}

function namedPython(): string | undefined {
  const named = process.env[interpreterVariable];
  return named === undefined || named === '' ? undefined : named;
}

/** The Python that `benchPython` would return without setting anything up; undefined where it has to. */
export async function readyPython(): Promise<string | undefined> {
  const named = namedPython();
  if (named !== undefined) return named;
  try {
    const { python, finished } = await environment();
    return existsSync(finished) ? python : undefined;
  } catch (error) {
    if (error instanceof PythonMissing) return undefined;
    throw error;
  }
}

/**
 * The Python that PyTorch runs in: the one named by DECANT_BENCH_PYTHON, else an environment in the user's cache folder, which the
 * first call makes by pip. Errors: PythonMissing, with what to do.
 */
export async function benchPython(): Promise<string> {
  const named = namedPython();
  if (named !== undefined) {
    const imports = 'import torch, numpy, safetensors';
    await run(named, ['-c', imports]).catch((error: unknown) => {
      const last = (error instanceof Error ? error.message : String(error)).trim().split('\n').at(-1) ?? '';
      throw new PythonMissing(`${interpreterVariable} names ${named}, where "${imports}" fails: ${last}`);
    });
    return named;
  }
  const { base, folder, python, finished } = await environment();
  if (existsSync(finished)) return python;
  process.stderr.write(
    `Setting up PyTorch in ${folder}, once. On Linux that is about 3 GB to download and 5.5 GB on the disk, elsewhere about a tenth.\n` +
      `A package index with CPU builds (PIP_INDEX_URL) makes it small on Linux too, and ${interpreterVariable} spares it.\n`,
  );
  // A folder without its mark was left half made.
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await show(base.command, ['-m', 'venv', folder]);
  await show(python, ['-m', 'pip', 'install', '--progress-bar', 'off', '--requirement', requirements]);
  await writeFile(finished, '');
  return python;
}
