import { basename, extname } from 'node:path';
import { importDataset } from '../../data/importDataset.ts';
import { importCheckpoint } from '../../data/checkpoints/importCheckpoint.ts';
import { recognise } from '../../data/recognise.ts';
import { importBundle } from './importBundle.ts';
import { type Outcome, type Session } from '../session.ts';

function nameOf(path: string): string {
  return basename(path, extname(path));
}

/** Imports what the paths hold, recognised by content: each checkpoint and run by itself, all dataset chunks as one dataset. */
export async function importFiles(session: Session): Promise<Outcome> {
  const { paths: sources, name } = session.configuration('import');
  await session.started(0);
  const { signal } = session;
  const chunks: string[] = [];
  const duplicates: string[] = [];
  const runs: string[] = [];
  for (const source of sources) {
    const kind = await recognise(source);
    if (kind === 'dataset') {
      chunks.push(source);
      continue;
    }
    if (kind === 'run') {
      const { run, existed } = await importBundle(session, source, new Set([...session.start.runs, ...runs]));
      if (existed) duplicates.push(run.id);
      else {
        await session.acknowledge({ type: 'run', run: name === undefined ? run : { ...run, name } });
        runs.push(run.id);
      }
      continue;
    }
    await session.progress('reading', 0, 1, 'checkpoint');
    const { facts, existed } = await importCheckpoint(session.paths, source, signal);
    if (existed) duplicates.push(facts.sha256);
    await session.progress('reading', 1, 1, 'checkpoint');
    await session.record({ type: 'imported', name: name ?? nameOf(source), facts });
  }
  const [firstChunk] = chunks;
  if (firstChunk !== undefined) {
    const { facts, existed } = await importDataset(session.paths, chunks, {
      signal,
      onProgress: (done, total) => void session.progress('importing', done, total, 'episodes').catch(() => undefined),
    });
    if (existed) duplicates.push(facts.manifest);
    await session.record({ type: 'dataset', name: name ?? nameOf(firstChunk), facts });
  }
  await session.acknowledge({ type: 'result', result: { kind: 'import', duplicates, runs } });
  return 'finished';
}
