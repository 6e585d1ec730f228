import { crc32 } from 'node:zlib';
import { DecantError } from '../../shared/errors.ts';

export interface StoredEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** 1 January 1980, midnight: the first that the format can say. The same entries always give the same archive. */
const date = 0x0021;
const utf8Names = 0x0800;
const largest = 0xffffffff;

interface Placed {
  name: Uint8Array;
  crc: number;
  size: number;
  offset: number;
}

/** Fields that the local and the central header share, from "version needed" to "extra field length". */
function writeCommon(view: DataView, at: number, entry: Placed, extraLength: number): void {
  view.setUint16(at, 20, true);
  view.setUint16(at + 2, utf8Names, true);
  view.setUint16(at + 4, 0, true);
  view.setUint16(at + 8, date, true);
  view.setUint32(at + 10, entry.crc, true);
  view.setUint32(at + 14, entry.size, true);
  view.setUint32(at + 18, entry.size, true);
  view.setUint16(at + 22, entry.name.byteLength, true);
  view.setUint16(at + 24, extraLength, true);
}

/** The extra field of PyTorch ("FB", filled with Z) makes the entry's data begin at a multiple of `alignment`. */
function localHeader(entry: Placed, alignment: number): Uint8Array {
  const unpadded = entry.offset + 30 + entry.name.byteLength + 4;
  const padding = (alignment - (unpadded % alignment)) % alignment;
  const header = Buffer.alloc(30 + entry.name.byteLength + 4 + padding, 'Z');
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  view.setUint32(0, 0x04034b50, true);
  writeCommon(view, 4, entry, 4 + padding);
  header.set(entry.name, 30);
  const extra = 30 + entry.name.byteLength;
  header.write('FB', extra, 'latin1');
  view.setUint16(extra + 2, padding, true);
  return header;
}

function centralHeader(entry: Placed): Uint8Array {
  const header = new Uint8Array(46 + entry.name.byteLength);
  const view = new DataView(header.buffer);
  view.setUint32(0, 0x02014b50, true);
  view.setUint16(4, 20, true);
  writeCommon(view, 6, entry, 0);
  view.setUint32(42, entry.offset, true);
  header.set(entry.name, 46);
  return header;
}

function endRecord(count: number, size: number, offset: number): Uint8Array {
  const record = new Uint8Array(22);
  const view = new DataView(record.buffer);
  view.setUint32(0, 0x06054b50, true);
  view.setUint16(8, count, true);
  view.setUint16(10, count, true);
  view.setUint32(12, size, true);
  view.setUint32(16, offset, true);
  return record;
}

/**
 * The bytes of a zip archive of stored entries whose data are aligned, as torch.load can map them; no zip64.
 * Errors: FILE_TOO_LARGE beyond 4 GiB.
 */
export function* storedZipChunks(entries: Iterable<StoredEntry>, alignment = 64): Generator<Uint8Array> {
  const placed: Placed[] = [];
  let offset = 0;
  for (const { name, bytes } of entries) {
    const entry = { name: new TextEncoder().encode(name), crc: crc32(bytes), size: bytes.byteLength, offset };
    const header = localHeader(entry, alignment);
    offset += header.byteLength + bytes.byteLength;
    if (offset > largest || placed.length >= 0xffff)
      throw new DecantError('FILE_TOO_LARGE', `the archive would exceed 4 GiB or 65,535 entries at "${name}"`);
    placed.push(entry);
    yield header;
    yield bytes;
  }
  const directory = Buffer.concat(placed.map(centralHeader));
  yield directory;
  yield endRecord(placed.length, directory.byteLength, offset);
}
