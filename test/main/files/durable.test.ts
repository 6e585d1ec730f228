import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { DurableWriter, writeByContent, writeFileDurably } from '../../../main/files/durable.ts';
import { diskFullError, setFaultHook, type FaultOperation } from '../../../main/files/faults.ts';
import { sha256OfBytes, sha256OfFile } from '../../../main/files/hash.ts';
import { failureOf } from '../../support/failures.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

afterEach(() => {
  setFaultHook(undefined);
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function* asynchronously(...chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}

test('a file is written from one array, from several and from a stream, with its size and hash', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'file');
  for (const chunks of [
    bytes('hello world'),
    [bytes('hello '), bytes('world')],
    asynchronously(bytes('hello'), bytes(' world')),
  ]) {
    const written = await writeFileDurably(path, chunks);
    expect(written).toEqual({ path, bytes: 11, sha256: sha256OfBytes(bytes('hello world')) });
    expect(await readFile(path, 'utf8')).toBe('hello world');
    expect((await sha256OfFile(path)).sha256).toBe(written.sha256);
  }
  expect(await readdir(folder)).toEqual(['file']);
});

test('operations happen in the order that survives a power cut', async () => {
  const path = join(temporaryFolder(), 'file');
  const seen: FaultOperation[] = [];
  setFaultHook((point) => {
    seen.push(point.operation);
    return undefined;
  });
  await writeFileDurably(path, bytes('x'));
  const expected = ['create', 'write', 'sync', 'rename', 'syncFolder'];
  expect(seen).toEqual(process.platform === 'win32' ? expected.slice(0, -1) : expected);
});

test.each(['create', 'write', 'sync', 'rename'] as const)(
  'a disk that is full at %s leaves the old file and no other',
  async (operation) => {
    const folder = temporaryFolder();
    const path = join(folder, 'file');
    await writeFile(path, 'old');
    setFaultHook((point) => {
      if (point.operation === operation) throw diskFullError(point.path);
      return undefined;
    });
    const failure = await failureOf(writeFileDurably(path, bytes('new')));
    expect(failure.code).toBe('DISK_FULL');
    expect(failure.detail).toContain(path);
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['file']);
  },
);

test('a write cut short in the middle counts as a full disk', async () => {
  const folder = temporaryFolder();
  setFaultHook((point) =>
    point.operation === 'write' && point.bytesSoFar + point.length > 10
      ? { shortWrite: 10 - point.bytesSoFar }
      : undefined,
  );
  const chunks = [bytes('12345678'), bytes('12345678')];
  expect((await failureOf(writeFileDurably(join(folder, 'file'), chunks))).code).toBe('DISK_FULL');
  expect(await readdir(folder)).toEqual([]);
});

test('a source that fails leaves nothing behind, and its own error is what is reported', async () => {
  const folder = temporaryFolder();
  function* failing(): Generator<Uint8Array> {
    yield bytes('first');
    throw new Error('source');
  }
  await expect(writeFileDurably(join(folder, 'file'), failing())).rejects.toThrow('source');
  expect(await readdir(folder)).toEqual([]);
});

test('a folder that does not exist is named', async () => {
  const path = join(temporaryFolder(), 'missing', 'file');
  const failure = await failureOf(writeFileDurably(path, bytes('x')));
  expect(failure.code).toBe('FILE_UNWRITABLE');
  expect(failure.detail).toContain(path);
});

test('a file named by its content is stored once', async () => {
  const folder = temporaryFolder();
  const nameOf = (sha256: string): string => `${sha256}.bin`;
  const first = await writeByContent(folder, nameOf, bytes('same'));
  const second = await writeByContent(folder, nameOf, [bytes('sa'), bytes('me')]);
  expect(first).toMatchObject({ existed: false, path: join(folder, `${sha256OfBytes(bytes('same'))}.bin`) });
  expect(second).toEqual({ ...first, existed: true });
  expect(await readdir(folder)).toEqual([`${first.sha256}.bin`]);
});

test('patched bytes are in the file and in its hash', async () => {
  const folder = temporaryFolder();
  const writer = await DurableWriter.open(folder);
  await writer.write(bytes('____ and the rest'));
  await writer.patch(0, bytes('head'));
  await expect(writer.patch(15, bytes('beyond'))).rejects.toThrow(RangeError);
  const written = await writer.finish('file');
  expect(await readFile(written.path, 'utf8')).toBe('head and the rest');
  expect(written.sha256).toBe(sha256OfBytes(bytes('head and the rest')));
});

test('an aborted writer leaves nothing, and a name cannot leave the folder', async () => {
  const folder = temporaryFolder();
  const aborted = await DurableWriter.open(folder);
  await aborted.write(bytes('x'));
  await aborted.abort();
  const escaping = await DurableWriter.open(folder);
  await expect(escaping.finish('../elsewhere')).rejects.toThrow(RangeError);
  expect(await readdir(folder)).toEqual([]);
});

test('a failing fsync of the folder is reported but removes nothing: the file has its name by then', async () => {
  const folder = temporaryFolder();
  setFaultHook((point) => {
    if (point.operation === 'syncFolder') throw diskFullError(point.path);
    return undefined;
  });
  const outcome = writeFileDurably(join(folder, 'file'), bytes('x'));
  if (process.platform === 'win32') await outcome;
  else expect((await failureOf(outcome)).code).toBe('DISK_FULL');
  expect(await readdir(folder)).toEqual(['file']);
});
