import { encode } from '../../shared/codec.ts';
import { DecantError } from '../../shared/errors.ts';
import type { DatasetFacts } from '../../shared/facts.ts';
import type { DatasetRecord } from '../../shared/records.ts';
import { addOutput } from './checkpoints.ts';
import { number, only, text, type Connection } from './connection.ts';
import { newId } from './ids.ts';
import { datasetColumns, datasetRecord } from './records.ts';

/** A new dataset; one with the same manifest is returned instead, said as a duplicate. */
export function addDataset(
  connection: Connection,
  job: string | null,
  name: string,
  facts: DatasetFacts,
): { id: string; duplicate: boolean } {
  const known = connection.get(
    `SELECT dataset.id AS id FROM dataset JOIN dataset_version ON dataset_version.dataset = dataset.id
      WHERE manifest = ? AND deleted_at IS NULL ORDER BY dataset.ordinal LIMIT 1`,
    facts.manifest,
  );
  const id = known === undefined ? newId('d') : text(known, 'id');
  if (known === undefined) {
    connection.run('INSERT INTO dataset (id, name, created_at) VALUES (?, ?, ?)', id, name, new Date().toISOString());
    addDatasetVersion(connection, id, facts);
  }
  if (job !== null) addOutput(connection, job, 'dataset', id, known !== undefined);
  return { id, duplicate: known !== undefined };
}

/** Adds a version to a dataset and returns its number. */
export function addDatasetVersion(connection: Connection, id: string, facts: DatasetFacts): number {
  return connection.transaction(() => {
    const latest = only(
      connection.get('SELECT coalesce(max(version), 0) AS latest FROM dataset_version WHERE dataset = ?', id),
    );
    const version = number(latest, 'latest') + 1;
    connection.run(
      'INSERT INTO dataset_version (dataset, version, manifest, facts, created_at) VALUES (?, ?, ?, ?, ?)',
      id,
      version,
      facts.manifest,
      encode(facts),
      new Date().toISOString(),
    );
    return version;
  });
}

/** Oldest first, each with its newest version. */
export function listDatasets(connection: Connection): DatasetRecord[] {
  return connection
    .all(`SELECT ${datasetColumns} WHERE dataset.deleted_at IS NULL ORDER BY dataset.ordinal`)
    .map((row) => datasetRecord(connection, row));
}

/** Errors: NOT_FOUND. */
export function getDataset(connection: Connection, id: string): DatasetRecord {
  const row = connection.get(`SELECT ${datasetColumns} WHERE dataset.id = ? AND dataset.deleted_at IS NULL`, id);
  if (row === undefined) throw new DecantError('NOT_FOUND', `there is no dataset ${id}`);
  return datasetRecord(connection, row);
}

/** The dataset that a job made, or found to be there already. */
export function lastDatasetOf(connection: Connection, job: string): DatasetRecord | undefined {
  const row = connection.get(
    `SELECT ${datasetColumns} JOIN job_output ON entity = 'dataset' AND entity_id = dataset.id
      WHERE job_output.job = ? AND dataset.deleted_at IS NULL ORDER BY job_output.ordinal DESC LIMIT 1`,
    job,
  );
  return row === undefined ? undefined : datasetRecord(connection, row);
}

/** Manifests of every version of every dataset that was not deleted. */
export function livingManifests(connection: Connection): string[] {
  return connection
    .all(
      `SELECT DISTINCT manifest FROM dataset_version JOIN dataset ON dataset.id = dataset_version.dataset
        WHERE deleted_at IS NULL ORDER BY manifest`,
    )
    .map((row) => text(row, 'manifest'));
}
