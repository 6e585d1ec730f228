import { dirname, join } from 'node:path';
import { type Readable } from 'node:stream';
import { openPromise } from 'yauzl';
import { DecantError } from '../../shared/errors.ts';
import { writeFileDurably } from '../files/durable.ts';
import { ensureFolder } from '../files/folders.ts';

/**
 * Unpacks the wanted files of a wheel below a folder, each under the name that it has in the wheel; returns their bytes. A wheel's names are
 * relative and stay inside the folder (yauzl refuses others). Errors: ZIP_INVALID, DISK_FULL, FILE_UNWRITABLE; the signal's reason.
 */
export async function unpackWheel(
  file: string,
  folder: string,
  wanted: (name: string) => boolean,
  report: (bytes: number, total: number) => Promise<void>,
  signal: AbortSignal,
): Promise<number> {
  const zip = await openPromise(file, { autoClose: false }).catch((thrown: unknown) => {
    throw new DecantError('ZIP_INVALID', `${file} is no wheel`, { cause: thrown });
  });
  try {
    const entries = [];
    for await (const entry of zip.eachEntry())
      if (!entry.fileName.endsWith('/') && wanted(entry.fileName)) entries.push(entry);
    const total = entries.reduce((sum, entry) => sum + entry.uncompressedSize, 0);
    let bytes = 0;
    for (const entry of entries) {
      const path = join(folder, entry.fileName);
      await ensureFolder(dirname(path));
      const stream: Readable = await zip.openReadStreamPromise(entry);
      const counted = async function* (): AsyncGenerator<Uint8Array> {
        for await (const chunk of stream as AsyncIterable<Uint8Array>) {
          signal.throwIfAborted();
          yield chunk;
          bytes += chunk.byteLength;
          await report(bytes, total);
        }
      };
      await writeFileDurably(path, counted());
    }
    return bytes;
  } finally {
    zip.close();
  }
}

/** The shared libraries, headers and device code of a wheel: what a program that is not Python can use. */
export function isWantedOfWheel(name: string): boolean {
  if (name.startsWith('tensorflow/'))
    return (
      /^tensorflow\/libtensorflow_(cc|framework)\.so\.2$/.test(name) ||
      /^tensorflow\/include\/(tensorflow\/(c|core\/platform)|xla\/tsl|tsl)\//.test(name)
    );
  return /^nvidia\/.*(\.so(\.[\d.]+)?|\/bin\/(ptxas|nvlink|fatbinary)|\/libdevice\.[^/]*\.bc)$/.test(name);
}
