import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SpoolRecord } from '../../../../shared/jobFolder.ts';
import { makeManifest, writeManifest } from '../../../../main/data/manifest.ts';
import {
  checkpointFile,
  jobFolder,
  labelFile,
  libraryPaths,
  segmentFolder,
  type LibraryPaths,
} from '../../../../main/files/library.ts';
import { Store } from '../../../../main/store/store.ts';
import { temporaryFolder } from '../../../support/temporaryFolder.ts';
import { training } from '../../jobs/prepare.ts';
import { checkpointFacts, datasetFacts, hashOf } from '../../store/facts.ts';

export interface FilledLibrary {
  home: string;
  paths: LibraryPaths;
  /** A run that ended with these checkpoints, oldest step first; the second is the best. */
  run: string;
  checkpoints: string[];
  /** Content of the imported teacher with labels. */
  teacher: string;
  /** An ended export whose file lies in its folder; nobody took it. */
  exportJob: string;
  exportFile: string;
  /** A manifest without a dataset; one of its two segments belongs to the living one too. */
  orphanManifest: string;
}

export function writeBytes(path: string, bytes: number): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, new Uint8Array(bytes));
}

/** The hash of the content of a run's checkpoint at a step. */
export const contentOf = (step: number): string => hashOf(`step ${step}`);

/** One of everything that takes space, each file with a size of its own. */
export async function filledLibrary(): Promise<FilledLibrary> {
  const home = temporaryFolder();
  const paths = libraryPaths(home);
  const store = await Store.open(home);
  const at = new Date().toISOString();
  const end = async (id: string, records: SpoolRecord[]): Promise<void> => {
    await store.supervision.markRunning(id);
    const started = { type: 'started' as const, attempt: 1, at, fromStep: 0 };
    await store.supervision.ingest(id, {
      from: 0,
      records: [started, ...records, { type: 'ended', state: 'finished', at }],
      to: 1,
    });
  };

  const segment = (name: string) => ({ sha256: hashOf(name), task: 0, episodes: 1, bytes: 1 });
  const living = await writeManifest(paths, makeManifest(2, [segment('shared')]));
  const orphan = await writeManifest(paths, makeManifest(2, [segment('shared'), segment('lonely')]));
  writeBytes(join(segmentFolder(paths, hashOf('shared')), 'obs.npy'), 3000);
  writeBytes(join(segmentFolder(paths, hashOf('lonely')), 'obs.npy'), 500);
  await store.contents.addDataset(null, 'data', { ...datasetFacts('data'), manifest: living.sha256 });

  await store.contents.addImported(null, 'teacher', checkpointFacts('teacher', { bytes: 7000 }));
  const teacher = hashOf('teacher');
  writeBytes(checkpointFile(paths, teacher), 7000);
  writeBytes(labelFile(paths, teacher, hashOf('shared')), 240);

  const run = store.newJobId('train');
  const configuration = { ...training, keepLast: 10 };
  await store.insertJobs([
    { id: run, job: { kind: 'train', name: 'run', configuration, codeVersion: '0', steps: 40 } },
  ]);
  const steps = [10, 20, 30, 40];
  await end(run, [
    ...steps.flatMap((step): SpoolRecord[] => [
      { type: 'metrics', step, values: { validationRewardError: step === 20 ? 0.1 : 0.5 } },
      { type: 'checkpoint', step, facts: checkpointFacts(`step ${step}`, { bytes: 1000 + step }) },
    ]),
    { type: 'labels', manifest: living.sha256, teacher, done: 1, total: 2 },
  ]);
  for (const step of steps) writeBytes(checkpointFile(paths, contentOf(step)), 1000 + step);
  writeBytes(join(jobFolder(paths, run), 'log.txt'), 11);
  const checkpoints = (await store.jobDetail(run)).checkpoints
    .toSorted((left, right) => (left.step ?? 0) - (right.step ?? 0))
    .map(({ id }) => id);

  const exportJob = store.newJobId('export');
  const exportFile = join(jobFolder(paths, exportJob), 'teacher.pt');
  const wanted = { checkpoint: 'teacher', format: 'pt' as const, precision: 'fp16' as const };
  await store.insertJobs([
    { id: exportJob, job: { kind: 'export', name: 'x', configuration: wanted, codeVersion: '0' } },
  ]);
  const { format, precision } = wanted;
  const errors = { maxAbsoluteError: 0, maxRelativeError: 0 };
  const report = { file: 'teacher.pt', path: exportFile, bytes: 90, fp32Bytes: 180, sha256: hashOf('pt') };
  await end(exportJob, [
    { type: 'result', result: { kind: 'export', report: { ...report, format, precision, ...errors } } },
  ]);
  writeBytes(exportFile, 90);
  writeBytes(join(jobFolder(paths, exportJob), 'job.json'), 5);

  writeBytes(checkpointFile(paths, hashOf('nobody')), 600);
  for (const [moment, bytes] of [
    ['2026-01-01', 50],
    ['2026-03-01', 70],
    ['2026-02-01', 60],
  ] as const)
    writeBytes(join(paths.backups, `decant-version-1-${moment}.sqlite`), bytes);
  writeBytes(join(home, 'uploads', 'u1', 'half.pt'), 33);
  await store.close();
  return { home, paths, run, checkpoints, teacher, exportJob, exportFile, orphanManifest: orphan.sha256 };
}
