import { createWriteStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { expect, test } from 'vitest';
import { ZipFile } from 'yazl';
import { RandomAccessFile } from '../../../main/files/reading.ts';
import { openZip } from '../../../main/formats/zip.ts';
import { storedZipChunks, type StoredEntry } from '../../../main/formats/zipWrite.ts';
import { openPt } from '../../../main/formats/pt.ts';
import { failureOf } from '../../support/failures.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

/** Makes yazl write zip64 records where it would not need them. */
const zip64End = { comment: '', forceZip64Format: true };

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function archived(entries: StoredEntry[]): Promise<{ path: string; content: Buffer }> {
  const path = join(temporaryFolder(), 'file.zip');
  const content = Buffer.concat([...storedZipChunks(entries)]);
  await writeFile(path, content);
  return { path, content };
}

async function openAt(path: string): Promise<Map<string, string>> {
  await using file = new RandomAccessFile(path);
  const archive = await openZip(file);
  const result = new Map<string, string>();
  for (const entry of archive.entries.values())
    result.set(entry.name, Buffer.from(await archive.read(entry)).toString());
  return result;
}

const two = [
  { name: 'a', bytes: bytes('first') },
  { name: 'b/ü', bytes: bytes('second') },
];

test('our archives are read back, aligned', async () => {
  const { path } = await archived(two);
  expect([...(await openAt(path))]).toEqual([
    ['a', 'first'],
    ['b/ü', 'second'],
  ]);
  await using file = new RandomAccessFile(path);
  for (const entry of (await openZip(file)).entries.values()) expect(entry.position % 64).toBe(0);
});

test('archives of another program are read: stored, deflated, with data descriptors, zip64', async () => {
  const path = join(temporaryFolder(), 'file.zip');
  const zip = new ZipFile();
  const long = 'abc'.repeat(10_000);
  zip.addBuffer(Buffer.from(long), 'deflated', { compress: true });
  zip.addBuffer(Buffer.from('plain'), 'stored', { compress: false, forceZip64Format: true });
  zip.addBuffer(Buffer.alloc(0), 'empty', { compress: false });
  zip.end(zip64End);
  await pipeline(zip.outputStream, createWriteStream(path));
  expect(Object.fromEntries(await openAt(path))).toEqual({ deflated: long, stored: 'plain', empty: '' });
});

test('an archive that torch.save did not make is said to be one', async () => {
  const { path } = await archived(two);
  expect(await failureOf(openPt(path))).toMatchObject({
    code: 'FORMAT_UNKNOWN',
    detail: expect.stringContaining('torch.save') as string,
  });
});

test.each<[string, StoredEntry[]]>([
  ['two entries of one name', [two[0], two[0]].filter((entry) => entry !== undefined)],
  ['a name that climbs out', [{ name: '../a', bytes: bytes('x') }]],
  ['an absolute name', [{ name: '/a', bytes: bytes('x') }]],
])('%s is refused', async (_, entries) => {
  const { path } = await archived(entries);
  expect((await failureOf(openAt(path))).code).toBe('ZIP_INVALID');
});

/** Where field `at` of the central header of the entry at `index` lies. */
function centralField(content: Buffer, index: number, at: number): number {
  let position = content.readUInt32LE(content.length - 6);
  for (let skip = 0; skip < index; skip++)
    position += 46 + content.readUInt16LE(position + 28) + content.readUInt16LE(position + 30);
  return position + at;
}

test.each<[string, string, (content: Buffer) => void]>([
  ['a wrong checksum', 'ZIP_INVALID', (content) => content.writeUInt32LE(1, centralField(content, 0, 16))],
  ['encryption', 'ZIP_INVALID', (content) => content.writeUInt16LE(1, centralField(content, 0, 8))],
  ['another method', 'ZIP_INVALID', (content) => content.writeUInt16LE(12, centralField(content, 0, 10))],
  [
    'sizes that differ though stored',
    'ZIP_INVALID',
    (content) => content.writeUInt32LE(9, centralField(content, 0, 24)),
  ],
  [
    'an entry that lies over another',
    'ZIP_INVALID',
    (content) => content.writeUInt32LE(0, centralField(content, 1, 42)),
  ],
  [
    'an entry beyond the end',
    'ZIP_INVALID',
    (content) => content.writeUInt32LE(0xfffffff0, centralField(content, 0, 42)),
  ],
  [
    'a deflated entry of an impossible size',
    'ZIP_INVALID',
    (content) => {
      content.writeUInt16LE(8, centralField(content, 0, 10));
      content.writeUInt32LE(0xfffffff0, centralField(content, 0, 24));
    },
  ],
  ['deflated garbage', 'ZIP_INVALID', (content) => content.writeUInt16LE(8, centralField(content, 0, 10))],
  ['a directory elsewhere', 'ZIP_INVALID', (content) => content.writeUInt32LE(3, content.length - 6)],
  ['more entries than there are', 'ZIP_INVALID', (content) => content.writeUInt16LE(9, content.length - 12)],
])('%s is refused', async (_, code, damage) => {
  const { path, content } = await archived(two);
  damage(content);
  await writeFile(path, content);
  expect((await failureOf(openAt(path))).code).toBe(code);
});

test('a deflated bomb ends at the size that it declares', async () => {
  const path = join(temporaryFolder(), 'file.zip');
  const zip = new ZipFile();
  const zeros = Buffer.alloc(1 << 20);
  for (let index = 0; index < 3; index++) zip.addBuffer(zeros, `bomb ${index}`, { compress: true });
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(path));
  const content = await readFile(path);
  content.writeUInt32LE(1000, centralField(content, 0, 24));
  await writeFile(path, content);
  expect((await failureOf(openAt(path))).code).toBe('ZIP_INVALID');
});

test('a deflated entry that takes far more than it unpacks to is refused before it is read', async () => {
  const { path, content } = await archived([{ name: 'a', bytes: new Uint8Array((1 << 20) + 100) }]);
  content.writeUInt16LE(8, centralField(content, 0, 10));
  content.writeUInt32LE(1, centralField(content, 0, 24));
  await writeFile(path, content);
  await using file = new RandomAccessFile(path);
  expect((await failureOf(openZip(file))).code).toBe('ZIP_INVALID');
});

test('archives that unpack to more than a gigabyte are not unpacked', async () => {
  const { path, content } = await archived([{ name: 'a', bytes: new Uint8Array(1_100_000) }]);
  content.writeUInt16LE(8, centralField(content, 0, 10));
  content.writeUInt32LE((1 << 30) + 1, centralField(content, 0, 24));
  await writeFile(path, content);
  expect((await failureOf(openAt(path))).code).toBe('FILE_TOO_LARGE');
});

test('a zip64 record that points beyond every number is refused', async () => {
  const path = join(temporaryFolder(), 'file.zip');
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from('x'), 'x', { compress: false });
  zip.end(zip64End);
  await pipeline(zip.outputStream, createWriteStream(path));
  const original = await readFile(path);
  const locator = original.indexOf(Buffer.from([0x50, 0x4b, 6, 7]));
  const record = original.indexOf(Buffer.from([0x50, 0x4b, 6, 6]));
  for (const position of [locator + 8, record + 48, record + 32]) {
    const content = Buffer.from(original);
    content.fill(0xff, position, position + 8);
    await writeFile(path, content);
    expect((await failureOf(openAt(path))).code).toMatch(/FILE_TOO_LARGE|ZIP_INVALID/);
  }
});
