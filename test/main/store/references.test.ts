import { expect, test } from 'vitest';
import { addImported, pinCheckpoint } from '../../../main/store/checkpoints.ts';
import { addDataset } from '../../../main/store/datasets.ts';
import { deleteEntry } from '../../../main/store/deletion.ts';
import { listGarbage } from '../../../main/store/garbage.ts';
import { insertJob, jobsInState } from '../../../main/store/jobs.ts';
import { moveInQueue } from '../../../main/store/jobStates.ts';
import { resolve } from '../../../main/store/references.ts';
import { checkpointFacts, datasetFacts, hashOf } from './facts.ts';
import { newRun, temporaryDatabase } from './library.ts';

test('an id, a prefix with or without its letter, and a name are understood', () => {
  const connection = temporaryDatabase();
  insertJob(connection, newRun({ name: 'alpha' }), 'r-abcd000000');
  insertJob(connection, newRun({ name: 'beta' }), 'r-abce000000');
  insertJob(connection, newRun({ name: 'abcd' }), 'r-zzzz000000');
  const find = (reference: string) => resolve(connection, ['job', 'checkpoint'], reference).id;
  expect(find('r-abcd000000')).toBe('r-abcd000000');
  expect(find('r-abce')).toBe('r-abce000000');
  expect(find('abce')).toBe('r-abce000000');
  expect(find('beta')).toBe('r-abce000000');
  // Someone chose this name: it beats the prefix.
  expect(find('abcd')).toBe('r-zzzz000000');
  expect(() => find('abc')).toThrow(/r-abcd000000 \(alpha\), r-abce000000 \(beta\)/);
  expect(() => find('abc')).toThrow(expect.objectContaining({ code: 'ID_AMBIGUOUS' }));
  for (const unknown of ['x', '%', '_', 'r-abcd0000000', ''])
    expect(() => find(unknown)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
});

test('the same content is one entry, until it is deleted', () => {
  const connection = temporaryDatabase();
  const first = addImported(connection, null, 'one', checkpointFacts('a'));
  expect(addImported(connection, null, 'two', checkpointFacts('a'))).toEqual({ id: first.id, duplicate: true });
  pinCheckpoint(connection, first.id, true);
  expect(() => deleteEntry(connection, 'checkpoint', first.id)).toThrow(expect.objectContaining({ code: 'IN_USE' }));
  pinCheckpoint(connection, first.id, false);
  deleteEntry(connection, 'checkpoint', first.id);
  expect(listGarbage(connection).checkpoints).toEqual([hashOf('a')]);
  // Imported again before its file went: the file stays.
  expect(addImported(connection, null, 'one', checkpointFacts('a')).duplicate).toBe(false);
  expect(listGarbage(connection).checkpoints).toEqual([]);

  const dataset = addDataset(connection, null, 'data', datasetFacts('m'));
  expect(addDataset(connection, null, 'data', datasetFacts('m'))).toEqual({ id: dataset.id, duplicate: true });
  deleteEntry(connection, 'dataset', dataset.id);
  expect(listGarbage(connection).manifests).toEqual([hashOf('m')]);
  expect(() => resolve(connection, ['dataset'], 'data')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
});

test('a job that others wait for, or a teacher of a queued run, is not deleted', () => {
  const connection = temporaryDatabase();
  const teacher = addImported(connection, null, 'teacher', checkpointFacts('t'));
  const first = insertJob(connection, newRun());
  const inputs = [{ key: 'teacher', entity: 'checkpoint' as const, id: teacher.id, content: hashOf('t') }];
  const second = insertJob(connection, newRun({ dependsOn: [first], inputs }));
  expect(() => deleteEntry(connection, 'job', first)).toThrow(expect.objectContaining({ code: 'IN_USE' }));
  expect(() => deleteEntry(connection, 'checkpoint', teacher.id)).toThrow(new RegExp(second));
  expect(deleteEntry(connection, 'job', second)).toEqual([second]);
  expect(deleteEntry(connection, 'job', first)).toEqual([first]);
  expect(deleteEntry(connection, 'checkpoint', teacher.id)).toEqual([teacher.id]);
});

test('queued jobs change places', () => {
  const connection = temporaryDatabase();
  const [a, b, c] = [0, 1, 2].map(() => insertJob(connection, newRun())) as [string, string, string];
  moveInQueue(connection, c, a);
  moveInQueue(connection, a, null);
  expect(jobsInState(connection, ['queued']).map(({ id }) => id)).toEqual([c, b, a]);
});
