import Database from 'better-sqlite3';

/**
 * Opens a database file. Tests that run in an older Electron name a binary that was built for it; an installed application, whose files
 * lie in an archive, loads its own and no other.
 */
export function openSqlite(file: string, options: Database.Options = {}): Database.Database {
  const named = process.env['DECANT_TEST_SQLITE'];
  const installed = import.meta.url.includes('.asar/');
  return new Database(file, installed || named === undefined ? options : { ...options, nativeBinding: named });
}
