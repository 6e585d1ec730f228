import type { DatasetRecord } from '../../shared/records.ts';
import { number, text, type Connection } from './connection.ts';

/** How many rows of a dataset version a teacher has labelled, as an engine counted them. */
export interface LabelCount {
  /** Hash of the version's manifest. */
  manifest: string;
  /** Hash of the teacher's file. */
  teacher: string;
  done: number;
  /** All rows that could be labelled. */
  total: number;
}

/**
 * Keeps the newest count of a dataset version and a teacher; one whose dataset or teacher was deleted meanwhile is not kept.
 * Returns the ids of the datasets that now show it.
 */
export function recordLabels(connection: Connection, { manifest, teacher, done, total }: LabelCount): string[] {
  const { changes } = connection.run(
    `INSERT INTO label_count (manifest, teacher, done, total)
      SELECT ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM checkpoint WHERE sha256 = ?) AND EXISTS (
        SELECT 1 FROM dataset_version JOIN dataset ON dataset.id = dataset_version.dataset
          WHERE manifest = ? AND deleted_at IS NULL)
      ON CONFLICT (manifest, teacher) DO UPDATE SET done = excluded.done, total = excluded.total`,
    manifest,
    teacher,
    done,
    total,
    teacher,
    manifest,
  );
  if (changes === 0) return [];
  return connection
    .all(
      `SELECT DISTINCT dataset.id AS id FROM dataset_version JOIN dataset ON dataset.id = dataset_version.dataset
        WHERE manifest = ? AND deleted_at IS NULL ORDER BY dataset.ordinal`,
      manifest,
    )
    .map((row) => text(row, 'id'));
}

/** What is labelled of a dataset version, the teacher with the most first. A content of several checkpoints is named by the oldest. */
export function labelsOf(connection: Connection, manifest: string): DatasetRecord['labels'] {
  return connection
    .all(
      `SELECT checkpoint.id AS id, checkpoint.name AS name, done, total FROM label_count JOIN checkpoint
        ON checkpoint.ordinal = (SELECT min(ordinal) FROM checkpoint WHERE sha256 = label_count.teacher)
        WHERE manifest = ? ORDER BY done DESC, checkpoint.ordinal`,
      manifest,
    )
    .map((row) => ({
      teacher: text(row, 'id'),
      teacherName: text(row, 'name'),
      done: number(row, 'done'),
      total: number(row, 'total'),
    }));
}

/** The label files of a teacher whose last checkpoint went go with it. */
export function forgetTeacher(connection: Connection, teacher: string): void {
  connection.run('DELETE FROM label_count WHERE teacher = ?', teacher);
}

/** After the last dataset with this manifest went. */
export function forgetManifest(connection: Connection, manifest: string): void {
  connection.run('DELETE FROM label_count WHERE manifest = ?', manifest);
}
