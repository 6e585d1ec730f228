import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { bundledRunSchema } from '../../../shared/bundle.ts';
import { libraryPaths } from '../../../main/files/library.ts';
import { encodeLines } from '../../../main/jobs/folder/lines.ts';
import { jobPathsIn } from '../../../main/jobs/folder/layout.ts';
import { SpoolIngestor } from '../../../main/jobs/ingestor.ts';
import { Store } from '../../../main/store/store.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

test('a run that an import brings is taken over before the import is seen to end', async () => {
  const home = temporaryFolder();
  const at = '2026-01-02T03:04:05.000Z';
  const run = bundledRunSchema.parse({
    ...{ id: 'r-0123456789', name: 'brought', tags: [], notes: '', state: 'finished', error: null, codeVersion: '0' },
    ...{ createdAt: at, startedAt: at, endedAt: at, attempt: 1, step: 2, checkpoints: [], inputs: [] },
    configuration: { method: 'scratch', dataset: 'd-0000000000', steps: 2 },
  });
  const store = await Store.open(home);
  onTestFinished(() => store.close());
  const job = store.newJobId('import');
  await store.insertJobs([{ id: job, job: { kind: 'import', name: 'i', configuration: {}, codeVersion: '0' } }]);
  await store.supervision.markRunning(job);
  const { folder, spool } = jobPathsIn(libraryPaths(home), job);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    spool,
    encodeLines([
      { type: 'run', run },
      { type: 'run', run: { ...run, id: 'r-1123456789' } },
      { type: 'ended', state: 'finished', at },
    ]),
  );
  const seen: unknown[] = [];
  const ingestor = new SpoolIngestor({
    store,
    job,
    spool,
    onIngested: () => undefined,
    onRuns: async (runs) => {
      seen.push(...runs.map(({ id }) => id), (await store.getJob(job)).state);
    },
    onProblem: (message) => seen.push(message),
  });
  await ingestor.all();
  expect(seen).toEqual(['r-0123456789', 'running', 'r-1123456789', 'running']);
  expect((await store.getJob(job)).state).toBe('finished');
});
