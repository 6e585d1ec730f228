import { expect, test } from 'vitest';
import { addImported } from '../../../main/store/checkpoints.ts';
import { addDataset, addDatasetVersion, getDataset, listDatasets } from '../../../main/store/datasets.ts';
import { deleteEntry, previewDeletion } from '../../../main/store/deletion.ts';
import { ingest } from '../../../main/store/ingest.ts';
import { type Connection } from '../../../main/store/connection.ts';
import { checkpointFacts, datasetFacts, hashOf } from './facts.ts';
import { runningRun, temporaryDatabase } from './library.ts';

/** What an engine counted, as the next record of a job's spool. */
function count(connection: Connection, job: string, done: number, names = { dataset: 'data', teacher: 'big' }) {
  const from = Number(connection.get('SELECT spool_offset FROM job WHERE id = ?', job)?.spool_offset);
  const content = { manifest: hashOf(names.dataset), teacher: hashOf(names.teacher) };
  return ingest(connection, job, { from, records: [{ type: 'labels', ...content, done, total: 100 }], to: from + 1 });
}

function library() {
  const connection = temporaryDatabase();
  const job = runningRun(connection);
  const dataset = addDataset(connection, null, 'data', datasetFacts('data')).id;
  const teacher = addImported(connection, null, 'the big one', checkpointFacts('big')).id;
  return { connection, job, dataset, teacher };
}

const countsLeft = (connection: Connection) => connection.all('SELECT * FROM label_count').length;

test('a dataset shows the newest count of each teacher, and its listeners are told', () => {
  const { connection, job, dataset, teacher } = library();
  expect(getDataset(connection, dataset).labels).toEqual([]);
  expect(count(connection, job, 7).labelled).toEqual([dataset]);
  count(connection, job, 42);
  const other = addImported(connection, null, 'other', checkpointFacts('other')).id;
  count(connection, job, 90, { dataset: 'data', teacher: 'other' });
  expect(listDatasets(connection)[0]?.labels).toEqual([
    { teacher: other, teacherName: 'other', done: 90, total: 100 },
    { teacher, teacherName: 'the big one', done: 42, total: 100 },
  ]);
});

test('a new version of a dataset begins without labels', () => {
  const { connection, job, dataset } = library();
  count(connection, job, 7);
  addDatasetVersion(connection, dataset, datasetFacts('more'));
  expect(getDataset(connection, dataset).labels).toEqual([]);
  expect(countsLeft(connection)).toBe(1);
});

test('counts go with the last checkpoint of the teacher, and stay when a deletion is only previewed', () => {
  const { connection, job, dataset, teacher } = library();
  count(connection, job, 7);
  previewDeletion(connection, 'checkpoint', teacher);
  expect(getDataset(connection, dataset).labels).toHaveLength(1);
  deleteEntry(connection, 'checkpoint', teacher);
  expect(countsLeft(connection)).toBe(0);
  expect(count(connection, job, 8)).toMatchObject({ applied: true, labelled: [] });
  expect(countsLeft(connection)).toBe(0);
});

test('counts go with the last dataset of the manifest', () => {
  const { connection, job, dataset } = library();
  const second = addDataset(connection, null, 'second', datasetFacts('second')).id;
  addDatasetVersion(connection, second, datasetFacts('data'));
  expect(count(connection, job, 7).labelled).toEqual([dataset, second]);
  deleteEntry(connection, 'dataset', dataset);
  expect(getDataset(connection, second).labels).toHaveLength(1);
  deleteEntry(connection, 'dataset', second);
  expect(countsLeft(connection)).toBe(0);
  expect(count(connection, job, 8).labelled).toEqual([]);
});
