import { spawnSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { removeTemporaryFiles } from '../../../main/files/folders.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const script = join(import.meta.dirname, '../../support/killedWriter.ts');

function run(action: string, path: string, fault: string): { killed: boolean; output: string } {
  const { signal, status, stdout, stderr } = spawnSync(process.execPath, [script, action, path], {
    env: { ...process.env, DECANT_FAULT: fault },
    encoding: 'utf8',
  });
  // Windows reports a killed process by its status alone.
  const killed = signal === 'SIGKILL' || (process.platform === 'win32' && status !== 0);
  if (!killed && status !== 0) throw new Error(stderr);
  return { killed, output: stdout };
}

test.each(['create:0', 'write:0', 'write:1', 'sync:0', 'rename:0', 'syncFolder:0', 'none:0'])(
  'a file whose writer is killed at %s is the old one or the new one, whole',
  async (fault) => {
    const folder = temporaryFolder();
    const path = join(folder, 'file');
    await writeFile(path, 'old');
    const { killed } = run('write', path, fault);
    const noSuchPoint = fault === 'none:0' || (fault === 'syncFolder:0' && process.platform === 'win32');
    expect(killed).toBe(!noSuchPoint);
    const renamed = fault === 'syncFolder:0' || fault === 'none:0';
    expect(await readFile(path, 'utf8')).toBe(renamed ? 'new content' : 'old');
    await removeTemporaryFiles(folder);
    expect(await readdir(folder)).toEqual(['file']);
  },
);

test.each(['write:2', 'sync:2', 'sync:4'])('lines acknowledged before a kill at %s are in the file', async (fault) => {
  const path = join(temporaryFolder(), 'spool');
  const { killed, output } = run('append', path, fault);
  expect(killed).toBe(true);
  const acknowledged = Number(output.trim().split('\n').at(-1));
  expect(acknowledged).toBe(7 * Number(fault.slice(-1)));
  const content = await readFile(path, 'utf8');
  expect(content.slice(0, acknowledged)).toBe(
    Array.from({ length: acknowledged / 7 }, (_, line) => `line ${line}\n`).join(''),
  );
});
