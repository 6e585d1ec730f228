import { listFigures } from './benchmarkFigures.ts';
import { bundleRun, finishRun, runIds } from './bundles.ts';
import * as checkpoints from './checkpoints.ts';
import type { Connection } from './connection.ts';
import * as datasets from './datasets.ts';
import { deleteEndedHidden, deleteEntry, previewDeletion } from './deletion.ts';
import { forgetGarbage, listGarbage } from './garbage.ts';
import { ingest, moveSpoolOffset } from './ingest.ts';
import { jobDetail, listJobs, listRuns, replayOf } from './jobLists.ts';
import * as jobs from './jobs.ts';
import * as states from './jobStates.ts';
import { forgetTeacher } from './labels.ts';
import { readCharts, readMetrics, readPairs } from './metrics.ts';
import { resolve } from './references.ts';
import { getSetting, setSetting } from './settings.ts';
import { dropSurplus, surplusCheckpoints } from './surplus.ts';

/** Adds several jobs in one transaction: all of a chain or none. */
function insertJobs(connection: Connection, list: readonly { id: string; job: jobs.NewJob }[]): void {
  connection.transaction(() => {
    for (const { id, job } of list) jobs.insertJob(connection, job, id);
  });
}

/** Everything that the worker does when asked, by name. */
export const operations = {
  insertJobs,
  createGroup: jobs.createGroup,
  getGroup: jobs.getGroup,
  recordInputs: jobs.recordInputs,
  jobInputs: jobs.jobInputs,
  dependencies: jobs.dependencies,
  getJobRow: jobs.getJobRow,
  jobsInState: jobs.jobsInState,
  getJob: jobs.getJob,
  listJobs,
  listRuns,
  runIds,
  bundleRun,
  finishRun,
  jobDetail,
  replayOf,
  markRunning: states.markRunning,
  recordEngine: states.recordEngine,
  requestStop: states.requestStop,
  settle: states.settle,
  failQueued: states.failQueued,
  requeue: states.requeue,
  moveInQueue: states.moveInQueue,
  updateJob: jobs.updateJob,
  addMessage: jobs.addMessage,
  ingest,
  moveSpoolOffset,
  readCharts,
  readMetrics,
  readPairs,
  listCheckpoints: checkpoints.listCheckpoints,
  getCheckpoint: checkpoints.getCheckpoint,
  lastCheckpointOf: checkpoints.lastCheckpointOf,
  resumableCheckpoints: checkpoints.resumableCheckpoints,
  bestCheckpointOf: checkpoints.bestCheckpointOf,
  markDamaged: checkpoints.markDamaged,
  pinCheckpoint: checkpoints.pinCheckpoint,
  addImported: checkpoints.addImported,
  listDatasets: datasets.listDatasets,
  getDataset: datasets.getDataset,
  lastDatasetOf: datasets.lastDatasetOf,
  addDataset: datasets.addDataset,
  addDatasetVersion: datasets.addDatasetVersion,
  livingManifests: datasets.livingManifests,
  resolve,
  deleteEndedHidden,
  deleteEntry,
  previewDeletion,
  surplusCheckpoints,
  dropSurplus,
  forgetTeacher,
  listGarbage,
  forgetGarbage,
  getSetting,
  setSetting,
  listFigures,
};

type Operations = typeof operations;
export type OperationName = keyof Operations;

/** An operation's arguments without the connection. */
export type OperationArguments<Name extends OperationName> = Operations[Name] extends (
  connection: Connection,
  ...values: infer Values
) => unknown
  ? Values
  : never;

export type OperationResult<Name extends OperationName> = ReturnType<Operations[Name]>;
