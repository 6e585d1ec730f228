import type Database from 'better-sqlite3';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DecantError } from '../../shared/errors.ts';
import { Connection, explainDatabaseFailure, type SlowQuery } from './connection.ts';
import { migrations as ourMigrations, type Migration } from './migrations.ts';
import { openSqlite } from './sqlite.ts';

export interface OpenOptions {
  /** The database file. */
  file: string;
  /** Folder for copies made before a migration. */
  backups: string;
  migrations?: readonly Migration[];
  onSlowQuery?: (query: SlowQuery) => void;
}

/**
 * Opens the library database, creating or migrating it. A damaged database and one of a newer version are left untouched.
 * Errors: LIBRARY_CORRUPT, LIBRARY_NEWER, DISK_FULL.
 */
export function openDatabase(options: OpenOptions): Connection {
  const migrations = options.migrations ?? ourMigrations;
  const latest = migrations.at(-1)?.version ?? 0;
  try {
    const existing = existsSync(options.file) && statSync(options.file).size > 0;
    const version = existing ? inspect(options.file, latest) : 0;
    const database = openSqlite(options.file, { timeout: 5000 });
    try {
      database.pragma('journal_mode = WAL');
      database.pragma('synchronous = FULL');
      database.pragma('foreign_keys = ON');
      database.pragma('temp_store = MEMORY');
      database.pragma('cache_size = -65536');
      if (existing && version < latest) backUp(database, options.backups, version);
      for (const migration of migrations) if (migration.version > version) apply(database, migration);
      return new Connection(database, options.onSlowQuery);
    } catch (thrown) {
      database.close();
      throw thrown;
    }
  } catch (thrown) {
    throw explainDatabaseFailure(thrown);
  }
}

/** Checks the file without writing to it; returns its version. */
function inspect(file: string, latest: number): number {
  const database = openSqlite(file, { readonly: true, timeout: 5000 });
  try {
    const problem = String(database.pragma('quick_check(1)', { simple: true }));
    if (problem !== 'ok') throw new DecantError('LIBRARY_CORRUPT', `${file}: ${problem}`);
    const version = Number(database.pragma('user_version', { simple: true }));
    if (version > latest)
      throw new DecantError('LIBRARY_NEWER', `its version is ${version}, this Decant knows versions up to ${latest}`);
    return version;
  } catch (thrown) {
    const explained = explainDatabaseFailure(thrown);
    if (explained instanceof DecantError && explained.code === 'LIBRARY_CORRUPT' && explained !== thrown)
      throw new DecantError('LIBRARY_CORRUPT', `${file}: ${explained.detail}`, { cause: thrown });
    throw explained;
  } finally {
    database.close();
  }
}

/** A whole copy by SQLite itself, which takes what is still in the write-ahead log along. */
function backUp(database: Database.Database, folder: string, version: number): void {
  mkdirSync(folder, { recursive: true });
  const moment = new Date().toISOString().replaceAll(/[:.]/g, '-');
  const file = join(folder, `decant-version-${version}-${moment}.sqlite`);
  database.prepare('VACUUM INTO ?').run(file);
  const copy = openSqlite(file);
  try {
    const problem = String(copy.pragma('quick_check(1)', { simple: true }));
    if (problem !== 'ok') throw new DecantError('LIBRARY_CORRUPT', `the backup in ${dirname(file)}: ${problem}`);
  } finally {
    copy.close();
  }
}

/** One migration with its version number: all of it or nothing. */
function apply(database: Database.Database, migration: Migration): void {
  database
    .transaction(() => {
      database.exec(migration.sql);
      database.pragma(`user_version = ${migration.version}`);
    })
    .immediate();
}
