import { expect, test } from 'vitest';
import { listJobs, listRuns } from '../../../main/store/jobLists.ts';
import { createGroup, getGroup, insertJob } from '../../../main/store/jobs.ts';
import { markRunning, requestStop, requeue } from '../../../main/store/jobStates.ts';
import { newRun, temporaryDatabase } from './library.ts';

test('a chain is listed in its order, forwards and newest first, though all of it began at one instant', () => {
  const connection = temporaryDatabase();
  const group = createGroup(connection, 'test', 'a chain');
  const ids = ['r-9', 'r-1', 'r-5'].map((id) => insertJob(connection, newRun({ group }), id));
  connection.run(`UPDATE job SET created_at = '2026-01-01T00:00:00.000Z'`);
  expect(getGroup(connection, group).jobs.map(({ id }) => id)).toEqual(ids);
  for (const list of [listJobs(connection), listRuns(connection)]) {
    expect(list.map(({ id }) => id)).toEqual([...ids].reverse());
    expect(list.map(({ ordinal }) => ordinal)).toEqual([3, 2, 1]);
  }
});

test('a job that is queued again goes to the end of the queue and keeps its place in lists', () => {
  const connection = temporaryDatabase();
  const first = insertJob(connection, newRun());
  const second = insertJob(connection, newRun());
  markRunning(connection, first);
  connection.run(`UPDATE job SET state = 'interrupted' WHERE id = ?`, first);
  requeue(connection, first);
  const list = listJobs(connection);
  expect(list.map(({ id }) => id)).toEqual([second, first]);
  expect(list[1]?.position).toBeGreaterThan(list[0]?.position ?? Infinity);
  requestStop(connection, second);
  expect(listJobs(connection)[0]).toMatchObject({ id: second, state: 'stopped', ordinal: 2, position: 2 });
});
