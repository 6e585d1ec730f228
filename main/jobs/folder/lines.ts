import { crc32 } from 'node:zlib';
import { decode, encode } from '../../../shared/codec.ts';
import { spoolRecordSchema, type SpoolRecord } from '../../../shared/jobFolder.ts';

/**
 * A spool line: eight hexadecimal digits of CRC-32, a space, the record by the codec, a line feed. The checksum tells a torn or
 * damaged line from a whole one.
 */
const lineFeed = 10;
const checksumLength = 8;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export function encodeLines(records: readonly SpoolRecord[]): Uint8Array {
  const lines = records.map((record) => {
    const payload = encode(record);
    return `${checksum(encoder.encode(payload))} ${payload}\n`;
  });
  return encoder.encode(lines.join(''));
}

function checksum(payload: Uint8Array): string {
  return crc32(payload).toString(16).padStart(checksumLength, '0');
}

/** The record of a line without its line feed; undefined when the line is damaged. */
function decodeLine(line: Uint8Array): SpoolRecord | undefined {
  if (line.length < checksumLength + 2 || line[checksumLength] !== 32) return undefined;
  const payload = line.subarray(checksumLength + 1);
  try {
    if (decoder.decode(line.subarray(0, checksumLength)) !== checksum(payload)) return undefined;
    return spoolRecordSchema.parse(decode(decoder.decode(payload)));
  } catch {
    return undefined;
  }
}

export interface ParsedLine {
  /** Undefined for a damaged line. */
  record: SpoolRecord | undefined;
  /** Bytes from the beginning of the text, line feed included. */
  begin: number;
  end: number;
}

/** The lines that end within `bytes`; what follows the last line feed is left out. */
export function* parseLines(bytes: Uint8Array): Generator<ParsedLine> {
  let begin = 0;
  while (true) {
    const feed = bytes.indexOf(lineFeed, begin);
    if (feed < 0) return;
    yield { record: decodeLine(bytes.subarray(begin, feed)), begin, end: feed + 1 };
    begin = feed + 1;
  }
}
