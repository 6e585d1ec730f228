import { open, stat } from 'node:fs/promises';
import type { SpoolRecord } from '../../../shared/jobFolder.ts';
import { systemCodeOf } from '../../files/failures.ts';
import { RandomAccessFile } from '../../files/reading.ts';
import { parseLines } from './lines.ts';

/** Bytes between two whole records that are no record: damage, never a torn tail. */
export interface SpoolDamage {
  offset: number;
  bytes: number;
}

export interface SpoolRead {
  records: SpoolRecord[];
  /** Where the next record begins. */
  offset: number;
  damage: SpoolDamage[];
  /** Whether a limit ended the reading before the end of what there is. */
  more: boolean;
}

export interface ReadLimits {
  /** Reads only what lies before this offset: what the engine said to be acknowledged. */
  upTo?: number | undefined;
  /** A record of this type is the last one of a reading. */
  through?: SpoolRecord['type'] | undefined;
  /** Bytes to read at once. */
  maximumBytes?: number | undefined;
}

const defaultBytes = 4 << 20;

/** Reads the whole records of a spool; a torn last line is ignored, damage between whole records is reported. */
export class SpoolReader {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Bytes of the file; 0 before the engine has made it. */
  async size(): Promise<number> {
    try {
      return (await stat(this.path)).size;
    } catch (thrown) {
      if (systemCodeOf(thrown) === 'ENOENT') return 0;
      throw thrown;
    }
  }

  /** Waits until everything that any process wrote so far is on the disk, so that it may be counted as acknowledged. */
  async sync(): Promise<void> {
    try {
      const handle = await open(this.path, 'r+');
      try {
        await handle.datasync();
      } finally {
        await handle.close();
      }
    } catch (thrown) {
      if (systemCodeOf(thrown) !== 'ENOENT') throw thrown;
    }
  }

  /**
   * Whole records from `offset` on. Damaged lines before a whole one are skipped and reported; damaged lines at the end are left,
   * as they may be a torn tail that the next writer cuts off.
   * Errors: FILE_UNREADABLE.
   */
  async readFrom(offset: number, limits: ReadLimits = {}): Promise<SpoolRead> {
    const nothing: SpoolRead = { records: [], offset, damage: [], more: false };
    if ((await this.size()) <= offset) return nothing;
    await using file = new RandomAccessFile(this.path);
    const end = Math.min(file.size, limits.upTo ?? file.size);
    if (end <= offset) return nothing;
    for (let wanted = limits.maximumBytes ?? defaultBytes; ; wanted *= 4) {
      const length = Math.min(wanted, end - offset);
      const result = parse(await file.read(offset, length), offset, limits.through);
      result.more ||= offset + length < end;
      // Nothing whole in so many bytes: a longer line, or damage that must be looked past.
      if (result.offset > offset || !result.more) return result;
    }
  }
}

function parse(bytes: Uint8Array, offset: number, through: SpoolRecord['type'] | undefined): SpoolRead {
  const result: SpoolRead = { records: [], offset, damage: [], more: false };
  for (const line of parseLines(bytes)) {
    if (line.record === undefined) continue;
    const begin = offset + line.begin;
    if (begin > result.offset) result.damage.push({ offset: result.offset, bytes: begin - result.offset });
    result.records.push(line.record);
    result.offset = offset + line.end;
    result.more = line.record.type === through;
    if (result.more) break;
  }
  return result;
}
