import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { mt30ActionDims } from '../../main/engine/tdmpc2/settings.ts';
import { torchFolder } from './python.ts';

const manifest = 'manifest.json';

/** Folders of fixtures: those given that are one, and those inside the others. */
export function fixtureFolders(folders: readonly string[]): string[] {
  return folders.flatMap((folder) => {
    if (existsSync(join(folder, manifest))) return [folder];
    if (!existsSync(folder) || !statSync(folder).isDirectory()) return [];
    return readdirSync(folder)
      .filter((name) => name.startsWith('fixtures') && existsSync(join(folder, name, manifest)))
      .sort()
      .map((name) => join(folder, name));
  });
}

/** Compares PyTorch's side with recorded numbers; the exit status is 0 where everything is within its bound. */
export function checkTorch(python: string, folders: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(python, [join(torchFolder, 'check.py'), ...folders], { stdio: ['pipe', 'inherit', 'inherit'] });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
    child.stdin.end(`${JSON.stringify({ actionDims: mt30ActionDims })}\n`);
  });
}
