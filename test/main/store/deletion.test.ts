import { expect, test } from 'vitest';
import { addCheckpoint, listCheckpoints, pinCheckpoint } from '../../../main/store/checkpoints.ts';
import { deleteEntry, previewDeletion } from '../../../main/store/deletion.ts';
import { listGarbage } from '../../../main/store/garbage.ts';
import { getJob, insertJob } from '../../../main/store/jobs.ts';
import { checkpointFacts } from './facts.ts';
import { newRun, runningRun, temporaryDatabase } from './library.ts';

test('a preview names what a deletion then removes, and removes nothing', () => {
  const connection = temporaryDatabase();
  const run = insertJob(connection, newRun());
  const kept = addCheckpoint(connection, run, 1, checkpointFacts('a'));
  addCheckpoint(connection, run, 2, checkpointFacts('b'));
  pinCheckpoint(connection, kept, true);
  const preview = previewDeletion(connection, 'job', run);
  expect(preview).toHaveLength(2);
  expect(preview).not.toContain(kept);
  expect(getJob(connection, run).id).toBe(run);
  expect(listCheckpoints(connection)).toHaveLength(2);
  expect(listGarbage(connection)).toMatchObject({ jobs: [], checkpoints: [] });
  expect(deleteEntry(connection, 'job', run)).toEqual(preview);
});

test('a preview is refused like the deletion', () => {
  const connection = temporaryDatabase();
  const run = runningRun(connection);
  expect(() => previewDeletion(connection, 'job', run)).toThrow(expect.objectContaining({ code: 'IN_USE' }));
  expect(() => previewDeletion(connection, 'job', 'r-0000000000')).toThrow(
    expect.objectContaining({ code: 'NOT_FOUND' }),
  );
});
