import Database from 'better-sqlite3';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listFigures } from '../../../main/store/benchmarkFigures.ts';
import { migrations, type Migration } from '../../../main/store/migrations.ts';
import { openDatabase } from '../../../main/store/open.ts';
import { Store } from '../../../main/store/store.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const next: Migration = {
  version: (migrations.at(-1)?.version ?? 0) + 1,
  sql: 'ALTER TABLE job ADD COLUMN extra TEXT',
};

function place() {
  const folder = temporaryFolder();
  return { file: join(folder, 'decant.sqlite'), backups: join(folder, 'backups') };
}

function codeOf(action: () => unknown): unknown {
  try {
    action();
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown ? thrown.code : thrown;
  }
  return 'no error';
}

test('migration 1 makes every table, strict, with foreign keys kept', () => {
  const options = place();
  const connection = openDatabase({ ...options, migrations: migrations.filter(({ version }) => version <= 1) });
  const tables = connection.all(`SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'`);
  const ours = tables.filter(({ name }) => typeof name === 'string' && !name.startsWith('sqlite_'));
  expect(ours.map(({ name }) => name).sort()).toEqual(
    [
      ...['checkpoint', 'dataset', 'dataset_version', 'garbage', 'job', 'job_dependency', 'job_group', 'job_input'],
      ...['job_output', 'message', 'metric_block', 'metric_rollup', 'metric_superseded', 'pairs', 'progress'],
      ...['saved_setting', 'series'],
    ].sort(),
  );
  expect(ours.every(({ strict }) => strict === 1)).toBe(true);
  expect(() =>
    connection.run(`INSERT INTO series (job, metric, points, last_step) VALUES ('none', 'm', 0, 0)`),
  ).toThrow(/FOREIGN KEY/);
  expect(connection.get('PRAGMA journal_mode')).toEqual({ journal_mode: 'wal' });
  expect(connection.get('PRAGMA synchronous')).toEqual({ synchronous: 2 });
  connection.close();
});

test('migration 2 adds the counts of labels to a library of version 1 and changes nothing else', () => {
  const options = place();
  const first = openDatabase({ ...options, migrations: migrations.filter(({ version }) => version <= 1) });
  first.run(`INSERT INTO dataset (id, name, created_at) VALUES ('d-1', 'kept', '2026-01-01')`);
  const tablesOf = (connection: typeof first) =>
    connection
      .all(`SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' ORDER BY name`)
      .map(({ name, strict }) => `${String(name)} ${String(strict)}`);
  const before = tablesOf(first);
  first.close();
  const second = openDatabase({ ...options, migrations: migrations.filter(({ version }) => version <= 2) });
  expect(second.get('PRAGMA user_version')).toEqual({ user_version: 2 });
  expect(tablesOf(second).filter((table) => !before.includes(table))).toEqual(['label_count 1']);
  expect(second.get('SELECT name FROM dataset')).toEqual({ name: 'kept' });
  const count = `INSERT INTO label_count VALUES ('m', 't', 1, 2)`;
  second.run(count);
  expect(() => second.run(count)).toThrow(/UNIQUE/);
  second.close();
});

test('migration 3 adds the figures of benchmarks to a library of version 2 and changes nothing else', () => {
  const options = place();
  const second = openDatabase({ ...options, migrations: migrations.filter(({ version }) => version <= 2) });
  second.run(`INSERT INTO saved_setting VALUES ('kept', '1')`);
  const tablesOf = (connection: typeof second) =>
    connection
      .all(`SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' ORDER BY name`)
      .map(({ name, strict }) => `${String(name)} ${String(strict)}`);
  const before = tablesOf(second);
  second.close();
  const third = openDatabase({ ...options, migrations: migrations.filter(({ version }) => version <= 3) });
  expect(third.get('PRAGMA user_version')).toEqual({ user_version: 3 });
  expect(tablesOf(third).filter((table) => !before.includes(table))).toEqual(['benchmark_figure 1']);
  expect(third.get('SELECT value FROM saved_setting')).toEqual({ value: '1' });
  const figure = (work: string, milliseconds: number) =>
    third.run(
      `INSERT INTO benchmark_figure (benchmark, measured_at, backend, automatic, device, threads, code_version, work, size,
        batch_size, milliseconds, steps) VALUES ('g-1', '2026-01-01', 'wasm', 1, 'd', 1, '0', ?, 1, 64, ?, 3)`,
      work,
      milliseconds,
    );
  figure('update', 12.5);
  expect(() => figure('sleep', 12.5)).toThrow(/CHECK/);
  expect(() => figure('update', 0)).toThrow(/CHECK/);
  third.close();
});

test('migration 4 leaves the figures of version 3 without a count of what others did', () => {
  const options = place();
  const third = openDatabase({ ...options, migrations: migrations.filter(({ version }) => version <= 3) });
  third.run(
    `INSERT INTO benchmark_figure (benchmark, measured_at, backend, automatic, device, threads, code_version, work, size,
      batch_size, milliseconds, steps) VALUES ('g-1', '2026-01-01T00:00:00.000Z', 'wasm', 1, 'd', 1, '0', 'update', 1, 64, 12.5, 3)`,
  );
  third.close();
  const fourth = openDatabase({ ...options, migrations: migrations.filter(({ version }) => version <= 4) });
  expect(listFigures(fourth, 10)).toMatchObject([{ milliseconds: 12.5, otherCores: null }]);
  expect(() => fourth.run('UPDATE benchmark_figure SET other_cores = -1')).toThrow(/CHECK/);
  fourth.close();
});

test('a library of an earlier version is copied before it is migrated, and keeps its rows', () => {
  const options = place();
  const old = openDatabase(options);
  old.run(`INSERT INTO saved_setting VALUES ('theme', '"dark"')`);
  old.close();
  const migrated = openDatabase({ ...options, migrations: [...migrations, next] });
  expect(migrated.get('SELECT value FROM saved_setting')).toEqual({ value: '"dark"' });
  expect(migrated.get('PRAGMA user_version')).toEqual({ user_version: next.version });
  migrated.close();
  const [backup, ...others] = readdirSync(options.backups);
  expect(others).toEqual([]);
  const copy = new Database(join(options.backups, backup ?? ''), { readonly: true });
  expect(copy.pragma('user_version', { simple: true })).toBe(next.version - 1);
  expect(copy.prepare('SELECT value FROM saved_setting').get()).toEqual({ value: '"dark"' });
  copy.close();
});

test('a migration that fails leaves the library at its version', () => {
  const options = place();
  openDatabase(options).close();
  const broken: Migration = { version: next.version, sql: `${next.sql}; SELECT nonsense FROM nowhere;` };
  expect(() => openDatabase({ ...options, migrations: [...migrations, broken] })).toThrow(/nowhere/);
  const connection = openDatabase(options);
  expect(connection.all(`SELECT name FROM pragma_table_info('job') WHERE name = 'extra'`)).toEqual([]);
  connection.close();
});

test('a library of a newer version is left alone', () => {
  const options = place();
  openDatabase({ ...options, migrations: [...migrations, next] }).close();
  const before = readFileSync(options.file);
  expect(codeOf(() => openDatabase(options))).toBe('LIBRARY_NEWER');
  expect(readFileSync(options.file).equals(before)).toBe(true);
});

test('damage is found and nothing is touched', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'decant.sqlite');
  const connection = openDatabase({ file, backups: join(folder, 'backups') });
  connection.transaction(() => {
    for (let index = 0; index < 2000; index += 1)
      connection.run('INSERT INTO saved_setting VALUES (?, ?)', `key ${index}`, 'x'.repeat(50));
  });
  connection.close();
  const damaged = readFileSync(file);
  damaged.fill(0x5a, damaged.length - 20_000, damaged.length - 4096);
  writeFileSync(file, damaged);
  await expect(Store.open(folder)).rejects.toMatchObject({ code: 'LIBRARY_CORRUPT' });
  expect(readFileSync(file).equals(damaged)).toBe(true);
  writeFileSync(file, 'this was never a database, whatever its name says'.repeat(100));
  await expect(Store.open(folder)).rejects.toMatchObject({ code: 'LIBRARY_CORRUPT' });
});
