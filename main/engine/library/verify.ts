import { DecantError, toErrorReport, type ErrorReport } from '../../../shared/errors.ts';
import { verifyDataset } from '../../data/dataset.ts';
import { sha256OfFile } from '../../files/hash.ts';
import { checkpointFile } from '../../files/library.ts';
import { type Outcome, type Session } from '../session.ts';

/** Hashes the files of library entries again and tells which changed or vanished. */
export async function verify(session: Session): Promise<Outcome> {
  await session.started(0);
  const targets = session.start.verify;
  const entries: { id: string; kind: string; files: number; error: ErrorReport | null }[] = [];
  for (const { id, kind, sha256 } of targets) {
    if (session.signal.aborted) return 'stopped';
    try {
      const files = kind === 'dataset' ? await verifyDataset(session.paths, sha256, session.signal) : 1;
      if (kind === 'checkpoint') await verifyCheckpoint(checkpointFile(session.paths, sha256), sha256);
      entries.push({ id, kind, files, error: null });
    } catch (thrown) {
      entries.push({ id, kind, files: 0, error: toErrorReport(thrown) });
    }
    await session.progress('verifying', entries.length, targets.length, 'entries');
    await session.breathe();
  }
  await session.acknowledge({ type: 'result', result: { kind: 'verify', verification: { entries } } });
  return 'finished';
}

async function verifyCheckpoint(path: string, expected: string): Promise<void> {
  const { sha256 } = await sha256OfFile(path);
  if (sha256 !== expected) throw new DecantError('HASH_MISMATCH', `${path} has other content than its name says`);
}
