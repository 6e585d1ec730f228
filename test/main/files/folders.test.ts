import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DurableWriter } from '../../../main/files/durable.ts';
import {
  ensureFolder,
  moveDurably,
  removeFiles,
  removeFolder,
  removeTemporaryFiles,
} from '../../../main/files/folders.ts';
import { RandomAccessFile } from '../../../main/files/reading.ts';
import { failureOf } from '../../support/failures.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

test('folders are created with their parents; a file in the way is named', async () => {
  const root = temporaryFolder();
  await ensureFolder(join(root, 'a', 'b', 'c'));
  await ensureFolder(join(root, 'a', 'b', 'c'));
  expect(await readdir(join(root, 'a', 'b'))).toEqual(['c']);
  await writeFile(join(root, 'file'), '');
  expect((await failureOf(ensureFolder(join(root, 'file', 'x')))).code).toBe('FILE_UNWRITABLE');
});

test('files and folders are removed and moved; what is not there is fine', async () => {
  const root = temporaryFolder();
  for (const name of ['1', '2', '3']) await writeFile(join(root, name), name);
  await removeFiles([join(root, '1'), join(root, 'none'), join(root, '2')]);
  await moveDurably(join(root, '3'), join(root, '4'));
  expect(await readFile(join(root, '4'), 'utf8')).toBe('3');
  await mkdir(join(root, 'folder', 'inner'), { recursive: true });
  await removeFolder(join(root, 'folder'));
  await removeFolder(join(root, 'folder'));
  expect(await readdir(root)).toEqual(['4']);
});

test('only temporary files that nobody writes any more are removed', async () => {
  const root = temporaryFolder();
  expect(await removeTemporaryFiles(join(root, 'none'))).toEqual([]);
  const writer = await DurableWriter.open(root);
  const [own] = await readdir(root);
  const { pid: deadPid } = spawnSync(process.execPath, ['--version']);
  await writeFile(join(root, `.decant-${deadPid}-00.tmp`), '');
  await writeFile(join(root, `.decant-${process.pid}-00.tmp`), '');
  await writeFile(join(root, `.decant-${process.ppid}-00.tmp`), '');
  await writeFile(join(root, 'mine.tmp'), '');
  const removed = await removeTemporaryFiles(root);
  expect(removed).toHaveLength(2);
  expect((await readdir(root)).sort()).toEqual([own, `.decant-${process.ppid}-00.tmp`, 'mine.tmp'].sort());
  await writer.finish('done');
  expect(await readdir(root)).toContain('done');
});

test('reads are bounded by the file', async () => {
  const root = temporaryFolder();
  await writeFile(join(root, 'file'), 'abcdef');
  const file = new RandomAccessFile(join(root, 'file'));
  expect(Buffer.from(await file.read(1, 3)).toString()).toBe('bcd');
  expect(Buffer.from(file.readSync(4, 2)).toString()).toBe('ef');
  expect((await failureOf(file.read(4, 3))).code).toBe('FILE_TRUNCATED');
  expect((await failureOf(file.read(0, 2 ** 52))).code).toBe('FILE_TRUNCATED');
  await expect(file.read(-1, 1)).rejects.toThrow(RangeError);
  await writeFile(join(root, 'file'), 'ab');
  expect((await failureOf(file.read(0, 6))).code).toBe('FILE_TRUNCATED');
  await file.close();
  await expect(file.read(0, 1)).rejects.toThrow('closed');
  expect(() => new RandomAccessFile(join(root, 'none'))).toThrow('none');
  expect(() => new RandomAccessFile(root)).toThrow(root);
});
