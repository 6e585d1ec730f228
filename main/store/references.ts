import { DecantError } from '../../shared/errors.ts';
import { text, type Connection } from './connection.ts';

export type EntityKind = 'job' | 'checkpoint' | 'dataset' | 'group';

const sources: Record<EntityKind, string> = {
  job: 'SELECT id, name FROM job',
  checkpoint: 'SELECT id, name FROM checkpoint',
  dataset: 'SELECT id, name FROM dataset WHERE deleted_at IS NULL',
  group: 'SELECT id, title AS name FROM job_group',
};

const maximumNamed = 8;

export interface Resolved {
  id: string;
  kind: EntityKind;
}

/**
 * What a reference means among the given kinds: an id; else a prefix of one, with or without the letter; else an exact name.
 * Errors: NOT_FOUND, ID_AMBIGUOUS naming the candidates.
 */
export function resolve(connection: Connection, kinds: readonly EntityKind[], reference: string): Resolved {
  const byPrefix = candidates(connection, kinds, reference, 'prefix');
  const exact = byPrefix.find((one) => one.id === reference);
  if (exact !== undefined) return { id: exact.id, kind: exact.kind };
  const byName = candidates(connection, kinds, reference, 'name');
  // A name beats a prefix: people choose names, and "d" or "c" begin many ids.
  const found = byName.length > 0 ? byName : byPrefix;
  const [first, ...others] = found;
  if (first === undefined) throw new DecantError('NOT_FOUND', `no ${kinds.join(' or ')} is called "${reference}"`);
  if (others.length === 0) return { id: first.id, kind: first.kind };
  const named = found.slice(0, maximumNamed).map((one) => `${one.id} (${one.name})`);
  const more = found.length > maximumNamed ? ` and ${found.length - maximumNamed} more` : '';
  throw new DecantError('ID_AMBIGUOUS', `"${reference}" fits ${named.join(', ')}${more}`);
}

interface Candidate extends Resolved {
  name: string;
}

function candidates(
  connection: Connection,
  kinds: readonly EntityKind[],
  reference: string,
  by: 'prefix' | 'name',
): Candidate[] {
  const prefix = /^(?:[a-z]-)?[0-9a-z]*$/.test(reference) && reference.length > 0;
  if (by === 'prefix' && !prefix) return [];
  const [condition, values] =
    by === 'name'
      ? ['name = ?', [reference]]
      : ["id LIKE ? || '%' OR substr(id, 3) LIKE ? || '%'", [reference, reference]];
  return kinds.flatMap((kind) =>
    connection
      .all(`SELECT id, name FROM (${sources[kind]}) WHERE ${condition} ORDER BY id`, ...values)
      .map((row) => ({ id: text(row, 'id'), name: text(row, 'name'), kind })),
  );
}
