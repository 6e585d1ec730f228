import { text, type Connection } from './connection.ts';

/**
 * Contents whose last row went. They are noted in the transaction that removes the row and struck off once their files are gone, so
 * that a kill between the two leaves no file behind for ever.
 */
export interface Garbage {
  /** Hashes of checkpoint files. */
  checkpoints: string[];
  /** Hashes of dataset manifests. */
  manifests: string[];
  /** Ids of jobs whose folders go. */
  jobs: string[];
}

export type GarbageEntity = 'checkpoint' | 'dataset' | 'job';

/** Marks a file as one that no row names any more. */
export function addGarbage(connection: Connection, entity: GarbageEntity, content: string): void {
  connection.run('INSERT OR IGNORE INTO garbage (entity, content) VALUES (?, ?)', entity, content);
}

/** What may be removed now; contents that rows refer to again are struck off first. */
export function listGarbage(connection: Connection): Garbage {
  return connection.transaction(() => {
    connection.run(
      `DELETE FROM garbage WHERE (entity = 'checkpoint' AND content IN (SELECT sha256 FROM checkpoint))
        OR (entity = 'dataset' AND content IN (SELECT manifest FROM dataset_version
          JOIN dataset ON dataset.id = dataset_version.dataset WHERE dataset.deleted_at IS NULL))
        OR (entity = 'job' AND content IN (SELECT id FROM job))`,
    );
    const of = (entity: GarbageEntity) =>
      connection
        .all('SELECT content FROM garbage WHERE entity = ? ORDER BY content', entity)
        .map((row) => text(row, 'content'));
    return { checkpoints: of('checkpoint'), manifests: of('dataset'), jobs: of('job') };
  });
}

/** Strikes off what was removed. */
export function forgetGarbage(connection: Connection, garbage: Partial<Garbage>): void {
  connection.transaction(() => {
    const strike = (entity: GarbageEntity, contents: readonly string[] = []) => {
      for (const content of contents)
        connection.run('DELETE FROM garbage WHERE entity = ? AND content = ?', entity, content);
    };
    strike('checkpoint', garbage.checkpoints);
    strike('dataset', garbage.manifests);
    strike('job', garbage.jobs);
  });
}
