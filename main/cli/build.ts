import { spawn } from 'node:child_process';
import { statSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A part of what `npm run build` makes. */
export interface Piece {
  name: string;
  /** A file that every build of it leaves, and the folder that it lies in. */
  folder: string;
  output: string;
  /** Files and folders that it is made of. */
  sources: readonly string[];
  /** Arguments of Node, run in the folder of the clone. */
  command: readonly string[];
}

const vite = 'node_modules/vite/bin/vite.js';

/** The window: all that a browser needs. */
export const windowPiece: Piece = {
  name: 'the window',
  folder: 'dist/renderer',
  output: 'index.html',
  sources: ['renderer', 'shared', 'package-lock.json'],
  command: [vite, 'build', '--config', 'renderer/vite.config.ts', '--logLevel', 'warn'],
};

/** What the desktop application needs beside it. */
export const applicationPieces: readonly Piece[] = [
  {
    name: 'the application',
    folder: 'dist/main',
    output: 'app/main.js',
    sources: ['main', 'shared', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'],
    command: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'],
  },
  {
    name: 'the preload',
    folder: 'dist/preload',
    output: 'preload.cjs',
    sources: ['main/app/preload.ts', 'main/app/preload.vite.config.ts', 'shared', 'package-lock.json'],
    command: [vite, 'build', '--config', 'main/app/preload.vite.config.ts', '--logLevel', 'warn'],
  },
];

/** When the newest of these was changed, in milliseconds; a folder's own time tells what was removed from it. */
function newest(root: string, paths: readonly string[]): number {
  let latest = 0;
  for (const path of paths) {
    const whole = join(root, path);
    const status = statSync(whole, { throwIfNoEntry: false });
    if (status === undefined) continue;
    latest = Math.max(latest, status.mtimeMs);
    if (!status.isDirectory()) continue;
    const inside = readdirSync(whole).map((name) => join(path, name));
    latest = Math.max(latest, newest(root, inside));
  }
  return latest;
}

/** When the last build of a piece began, as noted in its folder: a compiler leaves alone what it would write again. */
function builtAt(root: string, { folder, output }: Piece): number {
  const status = statSync(join(root, folder, output), { throwIfNoEntry: false });
  if (status === undefined) return Number.NEGATIVE_INFINITY;
  try {
    return Math.max(status.mtimeMs, Number(readFileSync(join(root, folder, '.built'), 'utf8')) || 0);
  } catch {
    return status.mtimeMs;
  }
}

export function isBuilt(root: string, piece: Piece): boolean {
  return builtAt(root, piece) >= newest(root, piece.sources);
}

/**
 * Builds those pieces that are missing or older than their sources; says so by `note`, and what a failing build printed.
 * Returns whether all of them are there now.
 */
export async function ensureBuilt(
  root: string,
  pieces: readonly Piece[],
  note: (text: string) => void,
): Promise<boolean> {
  for (const piece of pieces) {
    if (isBuilt(root, piece)) continue;
    note(`Building ${piece.name} (once after each change)…`);
    const began = Date.now();
    const { status, output } = await runNode(root, piece.command);
    if (status !== 0) {
      note(`${output.trimEnd()}\nBuilding ${piece.name} did not succeed.`);
      return false;
    }
    writeFileSync(join(root, piece.folder, '.built'), String(began));
  }
  return true;
}

function runNode(root: string, args: readonly string[]): Promise<{ status: number | null; output: string }> {
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.once('error', (thrown) => resolve({ status: 1, output: thrown.message }));
    child.once('close', (status) => resolve({ status, output }));
  });
}
