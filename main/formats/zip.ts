import { crc32, inflateRaw } from 'node:zlib';
import { promisify } from 'node:util';
import { fromRandomAccessReaderPromise, RandomAccessReader, type Entry, type ZipFile } from 'yauzl';
import { DecantError } from '../../shared/errors.ts';
import { type RandomAccessFile } from '../files/reading.ts';

const inflate = promisify(inflateRaw);

const largestEntryCount = 100_000;
/** A stored entry is read in place; deflated ones have to be unpacked in memory: what they may have together. */
const largestDeflated = 1 << 30;
/** Deflate cannot pack tighter. */
const deflateRatio = 1032;
/** Nor does any program waste so much: bytes that unpack to nothing would be read into memory all the same. */
const deflateWaste = 1 << 20;

export interface ZipEntry {
  readonly name: string;
  /** Bytes after unpacking. */
  readonly size: number;
  readonly compressedSize: number;
  readonly stored: boolean;
  readonly crc32: number;
  /** Position of the entry's first byte in the file. */
  readonly position: number;
}

/** Answers yauzl's reads with every range checked first, so that no declared offset can make a read throw out of a callback. */
class BoundedReader extends RandomAccessReader {
  readonly #file: RandomAccessFile;

  constructor(file: RandomAccessFile) {
    super();
    this.#file = file;
  }

  override read(
    target: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    if (!(position >= 0 && position + length <= this.#file.size)) {
      callback(new Error(`it points to byte ${position} of ${this.#file.size}`));
      return;
    }
    this.#file.readInto(target.subarray(offset, offset + length), position).then(
      () => callback(null, length),
      (thrown: unknown) => callback(thrown instanceof Error ? thrown : new Error(String(thrown))),
    );
  }
}

/** The entries of a zip archive, each with its checked place in the file. Does not own the file. */
export class ZipArchive {
  readonly file: RandomAccessFile;
  readonly entries: ReadonlyMap<string, ZipEntry>;

  constructor(file: RandomAccessFile, entries: Map<string, ZipEntry>) {
    this.file = file;
    this.entries = entries;
  }

  /** The whole of an entry, its checksum verified. Errors: ZIP_INVALID, FILE_TRUNCATED, FILE_UNREADABLE. */
  async read(entry: ZipEntry): Promise<Uint8Array> {
    const packed = await this.file.read(entry.position, entry.compressedSize);
    let bytes: Uint8Array = packed;
    if (!entry.stored) {
      try {
        bytes = await inflate(packed, { maxOutputLength: Math.max(entry.size, 1) });
      } catch (thrown) {
        throw new DecantError('ZIP_INVALID', `${this.file.path}: entry "${entry.name}" cannot be unpacked`, {
          cause: thrown,
        });
      }
    }
    if (bytes.byteLength !== entry.size) throw damaged(this.file.path, entry);
    checkCrc(this.file.path, entry, crc32(bytes));
    return bytes;
  }
}

function damaged(path: string, entry: ZipEntry): DecantError {
  return new DecantError('ZIP_INVALID', `${path}: entry "${entry.name}" is damaged: its checksum or size is wrong`);
}

/** Errors: ZIP_INVALID where the checksum of what was read is not the recorded one. */
export function checkCrc(path: string, entry: ZipEntry, computed: number): void {
  if (computed >>> 0 !== entry.crc32) throw damaged(path, entry);
}

async function locate(zip: ZipFile, entry: Entry, invalid: (detail: string) => DecantError): Promise<ZipEntry> {
  const name = entry.fileName;
  const { compressionMethod, uncompressedSize: size, compressedSize } = entry;
  if (entry.isEncrypted()) throw invalid(`entry "${name}" is encrypted`);
  if (compressionMethod !== 0 && compressionMethod !== 8)
    throw invalid(`entry "${name}" is packed by method ${compressionMethod}`);
  if (!Number.isSafeInteger(size) || !Number.isSafeInteger(compressedSize))
    throw invalid(`entry "${name}" has no possible size`);
  const stored = compressionMethod === 0;
  if (!stored && (size > compressedSize * deflateRatio || compressedSize > 2 * size + deflateWaste))
    throw invalid(`entry "${name}" declares an impossible size`);
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
  return { name, size, compressedSize, stored, crc32: entry.crc32, position: fileDataStart };
}

/**
 * Reads and checks the directory of a zip archive: at most 100,000 entries, plain relative names, each inside the file, none
 * sharing bytes with another. Errors: ZIP_INVALID, FILE_TRUNCATED, FILE_TOO_LARGE, FILE_UNREADABLE.
 */
export async function openZip(file: RandomAccessFile): Promise<ZipArchive> {
  const invalid = (detail: string, cause?: unknown): DecantError =>
    new DecantError('ZIP_INVALID', `${file.path}: ${detail}`, { cause });
  const entries = new Map<string, ZipEntry>();
  try {
    const zip = await fromRandomAccessReaderPromise(new BoundedReader(file), file.size, { autoClose: false });
    if (zip.entryCount > largestEntryCount)
      throw new DecantError(
        'FILE_TOO_LARGE',
        `${file.path}: ${zip.entryCount} entries; at most ${largestEntryCount} are accepted`,
      );
    for await (const entry of zip.eachEntry()) {
      if (entries.has(entry.fileName)) throw invalid(`two entries are named "${entry.fileName}"`);
      entries.set(entry.fileName, await locate(zip, entry, invalid));
    }
  } catch (thrown) {
    if (thrown instanceof DecantError) throw thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    if (message.startsWith('End of central directory') && (await startsLikeZip(file)))
      throw new DecantError('FILE_TRUNCATED', `${file.path} has no directory at its end`, { cause: thrown });
    throw invalid(message, thrown);
  }
  const deflated = [...entries.values()].reduce((sum, entry) => sum + (entry.stored ? 0 : entry.size), 0);
  if (deflated > largestDeflated)
    throw new DecantError(
      'FILE_TOO_LARGE',
      `${file.path} unpacks to ${deflated} bytes; compressed archives are accepted up to ${largestDeflated}, save it uncompressed`,
    );
  let end = 0;
  for (const entry of [...entries.values()].sort((a, b) => a.position - b.position)) {
    if (entry.position < end) throw invalid(`entry "${entry.name}" overlaps another`);
    end = entry.position + entry.compressedSize;
  }
  return new ZipArchive(file, entries);
}

async function startsLikeZip(file: RandomAccessFile): Promise<boolean> {
  if (file.size < 4) return false;
  return new DataView((await file.read(0, 4)).buffer).getUint32(0, true) === 0x04034b50;
}
