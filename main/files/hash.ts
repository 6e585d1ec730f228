import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { explainReadFailure } from './failures.ts';

/** SHA-256 of a file as lower-case hexadecimal, read as a stream. Errors: FILE_UNREADABLE. */
export async function sha256OfFile(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.byteLength;
    }
  } catch (thrown) {
    throw explainReadFailure(thrown, path);
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** In lower-case hexadecimal. */
export function sha256OfBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
