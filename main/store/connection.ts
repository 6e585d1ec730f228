import Database from 'better-sqlite3';
import { DecantError } from '../../shared/errors.ts';

/** What a column may hold here: NaN is stored as NULL, so columns of measurements are read with `numberOrNaN`. */
export type SqlValue = string | number | null | Uint8Array;
export type SqlRow = Record<string, SqlValue>;

export interface SlowQuery {
  sql: string;
  milliseconds: number;
}

const slowQueryMilliseconds = 40;

/**
 * A database connection that keeps its prepared statements, times every one and gives SQLite's failures their codes.
 * Used only inside the store's worker thread, and by tests.
 */
export class Connection {
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Database.Statement<SqlValue[], SqlRow>>();
  readonly #onSlowQuery: (query: SlowQuery) => void;

  constructor(database: Database.Database, onSlowQuery: (query: SlowQuery) => void = () => undefined) {
    this.#database = database;
    this.#onSlowQuery = onSlowQuery;
  }

  /** All rows of a query. */
  all(sql: string, ...values: SqlValue[]): SqlRow[] {
    return this.#timed(sql, () => this.#statement(sql).all(...values));
  }

  /** The first row, or undefined. */
  get(sql: string, ...values: SqlValue[]): SqlRow | undefined {
    return this.#timed(sql, () => this.#statement(sql).get(...values));
  }

  /** Runs a statement that returns nothing; gives the number of rows changed and the last row id. */
  run(sql: string, ...values: SqlValue[]): { changes: number; rowId: number } {
    const result = this.#timed(sql, () => this.#statement(sql).run(...values));
    return { changes: result.changes, rowId: Number(result.lastInsertRowid) };
  }

  /** All or nothing: what throws inside is rolled back. Nested calls join the outer transaction. */
  transaction<Result>(action: () => Result): Result {
    if (this.#database.inTransaction) return action();
    return this.#timed('COMMIT', () => this.#database.transaction(action).immediate(), Number.POSITIVE_INFINITY);
  }

  /** For tests of failures: a pragma on this connection. */
  pragma(text: string): void {
    this.#database.pragma(text);
  }

  close(): void {
    this.#database.close();
  }

  #statement(sql: string): Database.Statement<SqlValue[], SqlRow> {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare<SqlValue[], SqlRow>(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #timed<Result>(sql: string, action: () => Result, limit = slowQueryMilliseconds): Result {
    const start = performance.now();
    try {
      return action();
    } catch (thrown) {
      throw explainDatabaseFailure(thrown);
    } finally {
      const milliseconds = performance.now() - start;
      if (milliseconds > limit) this.#onSlowQuery({ sql, milliseconds });
    }
  }
}

/** Gives SQLite's failures the codes of the catalogue: LIBRARY_CORRUPT, DISK_FULL; others stay as they are. */
export function explainDatabaseFailure(thrown: unknown): unknown {
  if (!(thrown instanceof Database.SqliteError)) return thrown;
  if (thrown.code.startsWith('SQLITE_CORRUPT') || thrown.code.startsWith('SQLITE_NOTADB'))
    return new DecantError('LIBRARY_CORRUPT', thrown.message, { cause: thrown });
  if (thrown.code.startsWith('SQLITE_FULL'))
    return new DecantError('DISK_FULL', `the library database could not be written: ${thrown.message}`, {
      cause: thrown,
    });
  return thrown;
}

function unexpected(row: SqlRow, column: string, wanted: string): Error {
  return new Error(`the library database holds ${String(row[column])} in column ${column} where ${wanted} belongs`);
}

export function text(row: SqlRow, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw unexpected(row, column, 'a text');
  return value;
}

export function textOrNull(row: SqlRow, column: string): string | null {
  return row[column] === null ? null : text(row, column);
}

export function number(row: SqlRow, column: string): number {
  const value = row[column];
  if (typeof value !== 'number') throw unexpected(row, column, 'a number');
  return value;
}

export function numberOrNull(row: SqlRow, column: string): number | null {
  return row[column] === null ? null : number(row, column);
}

/** A measured value: SQLite stores NaN as NULL. */
export function numberOrNaN(row: SqlRow, column: string): number {
  return row[column] === null ? Number.NaN : number(row, column);
}

export function blob(row: SqlRow, column: string): Uint8Array {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw unexpected(row, column, 'a block of bytes');
  return value;
}

/** Exactly one row, as counts and existence checks give. */
export function only(row: SqlRow | undefined): SqlRow {
  if (row === undefined) throw new Error('the library database gave no row where one must be');
  return row;
}
