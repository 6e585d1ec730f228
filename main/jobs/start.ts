import type { LibraryPaths } from '../files/library.ts';
import type { Store } from '../store/store.ts';
import { writeStartFile } from './folder/files.ts';
import { jobPathsIn } from './folder/layout.ts';
import { checkConfiguration, inputReferences, resolveInput, startInputs, verifyTargets } from './inputs.ts';
import { findResumePoint } from './resume.ts';

/**
 * Says in start.json where the inputs of a job's next attempt lie and where to go on; what it reads is fixed from now on.
 * Errors: NOT_FOUND, ID_AMBIGUOUS, PREDECESSOR_FAILED, DATASET_VANISHED, FILE_UNREADABLE, DISK_FULL.
 */
export async function writeStart(store: Store, library: LibraryPaths, id: string): Promise<void> {
  const row = await store.supervision.getJobRow(id);
  const checked = checkConfiguration(row.kind, row.configuration);
  const known = await store.supervision.jobInputs(id);
  const missing = inputReferences(checked).filter(({ key }) => !known.some((input) => input.key === key));
  const found = await Promise.all(missing.map((reference) => resolveInput(store, reference)));
  await store.supervision.recordInputs(id, found);
  const bundle = checked.kind === 'bundle' ? await store.bundleRun(checked.configuration.run) : undefined;
  // Retention and deletion leave alone what a job reads.
  if (bundle !== undefined) await store.supervision.recordInputs(id, bundle.reads);
  const resume = row.kind === 'train' && row.attempt > 1 ? await findResumePoint(store, library, id) : undefined;
  await writeStartFile(jobPathsIn(library, id), {
    attempt: row.attempt,
    ...(await startInputs(store, library, [...known, ...found])),
    verify: checked.kind === 'verify' ? await verifyTargets(store, checked.configuration.id) : [],
    ...(bundle !== undefined && { bundle: { run: bundle.run, spoolBytes: bundle.spoolBytes } }),
    runs: checked.kind === 'import' ? await store.runIds() : [],
    resume,
  });
}
