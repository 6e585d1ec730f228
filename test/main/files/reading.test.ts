import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { RandomAccessFile } from '../../../main/files/reading.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

function opening(path: string): () => RandomAccessFile {
  return () => new RandomAccessFile(path);
}

it('reads ranges, and nothing beyond the end', async () => {
  const path = join(temporaryFolder(), 'file');
  writeFileSync(path, 'abcdef');
  await using file = new RandomAccessFile(path);
  expect(Buffer.from(await file.read(2, 3)).toString()).toBe('cde');
  expect(Buffer.from(file.readSync(4, 2)).toString()).toBe('ef');
  await expect(file.read(4, 3)).rejects.toMatchObject({ code: 'FILE_TRUNCATED' });
  expect(() => file.readSync(-1, 2)).toThrow(RangeError);
});

it('refuses what is no file', () => {
  const folder = temporaryFolder();
  expect(opening(folder)).toThrow(expect.objectContaining({ code: 'FILE_UNREADABLE' }));
  expect(opening(join(folder, 'gone'))).toThrow(expect.objectContaining({ code: 'FILE_UNREADABLE' }));
});

it.skipIf(process.platform === 'win32')('refuses a named pipe at once, that nobody may ever write to', () => {
  const path = join(temporaryFolder(), 'pipe');
  execFileSync('mkfifo', [path]);
  expect(opening(path)).toThrow(expect.objectContaining({ code: 'FILE_UNREADABLE' }));
});
