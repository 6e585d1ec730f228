import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeFolders } from '../../../main/files/makeFolders.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

it('makes missing parents and names the topmost one', () => {
  const home = temporaryFolder();
  expect(makeFolders(join(home, 'a', 'b', 'c'))).toBe(join(home, 'a'));
  expect(existsSync(join(home, 'a', 'b', 'c'))).toBe(true);
  expect(makeFolders(join(home, 'a', 'b'))).toBeUndefined();
});

it('does not take a file for a folder', () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  expect(() => makeFolders(file)).toThrow('EEXIST');
  expect(() => makeFolders(join(file, 'below'))).toThrow(/EEXIST|ENOTDIR/);
});

it.runIf(process.platform === 'linux')('ends where the system has no place for a folder', () => {
  expect(() => makeFolders('/proc/decant')).toThrow('ENOENT');
});
