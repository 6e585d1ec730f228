import type { BundledRun } from '../../../shared/bundle.ts';
import { DecantError } from '../../../shared/errors.ts';
import type { SpoolRecord } from '../../../shared/jobFolder.ts';
import { encodeLines, parseLines } from '../../jobs/folder/lines.ts';
import { SpoolReader } from '../../jobs/folder/reader.ts';

/**
 * What of a run's spool means the same in another library. Checkpoints travel as files with rows of their own, labels do not travel,
 * and of the attempts' ends only the last one counts: a single `ended` closes the spool of a run that was not interrupted.
 */
const travelling: ReadonlySet<SpoolRecord['type']> = new Set(['started', 'metrics', 'pairs', 'progress', 'message']);

/** The whole records among the first `bytes` of a spool, as the bundle's spool. Errors: FILE_UNREADABLE, FILE_TRUNCATED. */
export async function travellingSpool(path: string, bytes: number, run: BundledRun): Promise<Uint8Array> {
  const reader = new SpoolReader(path);
  const size = await reader.size();
  if (size < bytes) throw new DecantError('FILE_TRUNCATED', `${path} has ${size} bytes where ${bytes} were taken over`);
  const parts: Uint8Array[] = [];
  for (let offset = 0, more = true; more;) {
    const read = await reader.readFrom(offset, { upTo: bytes });
    parts.push(encodeLines(read.records.filter(({ type }) => travelling.has(type))));
    ({ offset, more } = read);
  }
  const { state, endedAt, createdAt, error } = run;
  if (state !== 'interrupted')
    parts.push(encodeLines([{ type: 'ended', state, at: endedAt ?? createdAt, ...(error !== null && { error }) }]));
  return Buffer.concat(parts);
}

/** Errors: BUNDLE_INVALID where something in it is no record, or none that a bundle holds. */
export function checkTravellingSpool(bytes: Uint8Array, path: string): void {
  let end = 0;
  for (const line of parseLines(bytes)) {
    const type = line.record?.type;
    const last = line.end === bytes.byteLength;
    if (type === undefined || !(travelling.has(type) || (type === 'ended' && last)))
      throw new DecantError('BUNDLE_INVALID', `${path}: byte ${line.begin} of its spool begins no record of a run`);
    end = line.end;
  }
  if (end !== bytes.byteLength)
    throw new DecantError('BUNDLE_INVALID', `${path}: its spool does not end with a whole record`);
}
