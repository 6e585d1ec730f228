import { createWriteStream } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { type Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { open, type Entry, type Options, type ZipFile } from 'yauzl';

const openZip = promisify<string, Options, ZipFile>(open);

/** Unpacks the wanted entries of a zip archive with their access rights and symbolic links. */
export async function unpackZip(file: string, folder: string, wanted: (name: string) => boolean): Promise<void> {
  const zip = await openZip(file, { lazyEntries: true, autoClose: true });
  const openEntry = promisify<Entry, Readable>((entry, done) => zip.openReadStream(entry, done));
  await new Promise<void>((resolveAll, reject) => {
    zip.on('error', reject);
    zip.on('end', resolveAll);
    zip.on('entry', (entry: Entry) => {
      const work = wanted(entry.fileName) ? unpackEntry(entry, folder, openEntry) : Promise.resolve();
      work.then(() => zip.readEntry(), reject);
    });
    zip.readEntry();
  });
}

async function unpackEntry(
  entry: Entry,
  folder: string,
  openEntry: (entry: Entry) => Promise<Readable>,
): Promise<void> {
  const path = resolve(join(folder, entry.fileName));
  if (!path.startsWith(resolve(folder) + sep)) throw new Error(`${entry.fileName} would leave the folder`);
  if (entry.fileName.endsWith('/')) {
    await mkdir(path, { recursive: true });
    return;
  }
  await mkdir(dirname(path), { recursive: true });
  const mode = entry.externalFileAttributes >>> 16;
  const isLink = (mode & 0o170000) === 0o120000;
  const stream = await openEntry(entry);
  if (isLink) await symlink(await text(stream), path);
  else await pipeline(stream, createWriteStream(path, { mode: mode & 0o777 || 0o644 }));
}
