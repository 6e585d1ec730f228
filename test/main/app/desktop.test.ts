import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JobRecord } from '../../../shared/records.ts';
import { Activity, describeEnd, describeJob, fractionOf, quitQuestion } from '../../../main/app/activity.ts';
import { ownArguments, readArguments } from '../../../main/app/arguments.ts';
import { copyLibrary } from '../../../main/app/copyLibrary.ts';
import { ExportFiles } from '../../../main/app/exports.ts';
import { SettingsFile } from '../../../main/app/settings.ts';
import { startBounds } from '../../../main/app/windowState.ts';
import { setFaultHook } from '../../../main/files/faults.ts';
import { sha256OfBytes } from '../../../main/files/hash.ts';
import { libraryPaths } from '../../../main/files/library.ts';
import { jobRecord } from '../../support/records.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

function job(changes: Partial<JobRecord>): JobRecord {
  return jobRecord('r-1', { name: 'A run', steps: 200, ...changes });
}

describe('activity', () => {
  it('follows jobs from the queue to their end and tells of an end once', () => {
    const activity = new Activity();
    expect(activity.update(job({ state: 'queued' }))).toBeUndefined();
    expect([activity.running.length, activity.queued]).toEqual([0, 1]);
    activity.update(job({ step: 50 }));
    activity.update(job({ id: 'r-2', step: 150 }));
    expect(activity.fraction).toBeCloseTo(0.5);
    expect(activity.update(job({ state: 'finished' }))?.id).toBe('r-1');
    expect(activity.update(job({ state: 'finished' }))).toBeUndefined();
    activity.remove('r-2');
    expect(activity.running).toEqual([]);
    expect(activity.fraction).toBeUndefined();
  });

  it('says nothing of a job that the person stopped or that only measures', () => {
    const activity = new Activity();
    activity.update(job({ state: 'stopping' }));
    expect(activity.update(job({ state: 'stopped' }))).toBeUndefined();
    activity.update(job({ kind: 'estimate' }));
    expect(activity.running).toEqual([]);
  });

  it('describes', () => {
    expect(describeJob(job({ step: 84 }))).toBe('A run, 42 %');
    const progress = { stage: 'labels', done: 1, total: 4, unit: 'windows' };
    expect(fractionOf(job({ progress }))).toBe(0.25);
    expect(fractionOf(job({ step: null, steps: null }))).toBeUndefined();
    const error = { code: 'ENGINE_DIED', detail: 'it ended by signal SIGKILL' } as const;
    expect(describeEnd(job({ state: 'interrupted', error })).body).toBe('A run: it ended by signal SIGKILL');
    expect(quitQuestion([])).toBeUndefined();
    expect(quitQuestion([job({})])?.message).toContain('A run');
  });
});

describe('arguments', () => {
  it('are those after the application’s folder, from a clone', () => {
    const argv = ['electron', '--inspect=0', '-r', '/loader.js', '.', '--home', 'x', 'a.pt'];
    expect(ownArguments(argv, '/clone', false, '/clone')).toEqual(['--home', 'x', 'a.pt']);
    expect(ownArguments(['decant', 'a.pt'], '/app', true, '/')).toEqual(['a.pt']);
  });

  it('name files that exist, and the library', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'a.pt'), '');
    const given = ['--no-sandbox', '--home', 'lib', 'a.pt', 'missing.pt', '--flag=a.pt'];
    expect(readArguments(given, folder)).toEqual({ home: join(folder, 'lib'), files: [join(folder, 'a.pt')] });
  });
});

describe('the window’s place', () => {
  const screens = [{ x: 0, y: 0, width: 1920, height: 1080 }];
  const state = { x: 100, y: 50, width: 1400, height: 900, maximised: false };
  it('is the old one where that can be seen, else the size alone', () => {
    expect(startBounds(state, screens)).toEqual({ x: 100, y: 50, width: 1400, height: 900 });
    expect(startBounds({ ...state, x: 1900 }, screens)).toEqual({ width: 1400, height: 900 });
    expect(startBounds({ ...state, y: -500 }, screens)).toEqual({ width: 1400, height: 900 });
    expect(startBounds({ ...state, width: 5000, x: 9000 }, screens)).toEqual({ width: 1920, height: 900 });
    expect(startBounds(undefined, screens)).toEqual({ width: 1280, height: 800 });
  });
});

describe('settings', () => {
  it('survive, and a damaged file counts as none', async () => {
    const path = join(temporaryFolder(), 'deep', 'settings.json');
    const settings = new SettingsFile(path);
    await Promise.all([settings.change({ library: '/a' }), settings.change({ library: '/b' })]);
    expect(new SettingsFile(path).current).toEqual({ library: '/b' });
    writeFileSync(path, '{"library": 3}');
    expect(new SettingsFile(path).current).toEqual({});
  });
});

describe('export files', () => {
  const content = Buffer.from('a model');
  const exportsOf = (path: string): ExportFiles => {
    const report = { path, file: 'model.pt', bytes: content.length, sha256: sha256OfBytes(content) };
    return new ExportFiles(() => ({
      request: () => Promise.resolve({ result: { kind: 'export', report } } as never),
      subscribe: () => () => undefined,
      close: () => Promise.resolve(),
    }));
  };

  it('are whole or refused', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'model.pt');
    writeFileSync(path, content);
    const exports = exportsOf(path);
    await expect(exports.verified('j-1')).resolves.toMatchObject({ path });
    await exports.copy('j-1', join(folder, 'copy.pt'));
    expect(readFileSync(join(folder, 'copy.pt'))).toEqual(content);
    writeFileSync(path, 'b model');
    await expect(exports.verified('j-1')).rejects.toMatchObject({ code: 'HASH_MISMATCH' });
    await expect(exports.copy('j-1', join(folder, 'other.pt'))).rejects.toMatchObject({ code: 'HASH_MISMATCH' });
  });

  it('are missed', async () => {
    const exports = exportsOf(join(temporaryFolder(), 'gone'));
    await expect(exports.verified('j-1')).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });
});

describe('copying a library', () => {
  function library(): string {
    const home = join(temporaryFolder(), 'library');
    const paths = libraryPaths(home);
    mkdirSync(join(paths.jobs, 'r-1'), { recursive: true });
    writeFileSync(paths.database, 'rows');
    writeFileSync(paths.lock, '{}');
    writeFileSync(join(home, 'lock.guard'), '');
    writeFileSync(join(paths.jobs, 'r-1', 'spool.jsonl'), 'lines');
    return home;
  }

  it('takes every file but the lock, and leaves the original', async () => {
    const from = library();
    const to = join(temporaryFolder(), 'new', 'place');
    const seen: number[] = [];
    const result = await copyLibrary(from, to, (done, total) => seen.push(done / total));
    expect(result).toEqual({ files: 2, bytes: 9 });
    expect(seen.at(-1)).toBe(1);
    for (const home of [from, to]) {
      expect(readFileSync(libraryPaths(home).database, 'utf8')).toBe('rows');
      expect(readFileSync(join(libraryPaths(home).jobs, 'r-1', 'spool.jsonl'), 'utf8')).toBe('lines');
    }
    expect(() => readFileSync(libraryPaths(to).lock)).toThrow();
    await expect(copyLibrary(from, to)).rejects.toMatchObject({ code: 'IN_USE' });
    expect(readFileSync(libraryPaths(to).database, 'utf8')).toBe('rows');
  });

  it('refuses folders within one another', async () => {
    const from = library();
    await expect(copyLibrary(from, join(from, 'inside'))).rejects.toMatchObject({ code: 'IN_USE' });
    await expect(copyLibrary(join(from, 'jobs'), from)).rejects.toMatchObject({ code: 'IN_USE' });
  });

  it('refuses a library with a link in it, which a copy would lose', async () => {
    const from = library();
    symlinkSync(temporaryFolder(), libraryPaths(from).checkpoints);
    const to = join(temporaryFolder(), 'new');
    await expect(copyLibrary(from, to)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    expect(existsSync(to)).toBe(false);
  });

  it('leaves nothing of a copy that failed', async () => {
    const from = library();
    const to = join(temporaryFolder(), 'new');
    setFaultHook(({ operation, path }) =>
      operation === 'write' && path.includes('spool') ? { shortWrite: 2 } : undefined,
    );
    try {
      await expect(copyLibrary(from, to)).rejects.toMatchObject({ code: 'DISK_FULL' });
    } finally {
      setFaultHook(undefined);
    }
    expect(() => readFileSync(libraryPaths(to).database)).toThrow();
    expect(readFileSync(libraryPaths(from).database, 'utf8')).toBe('rows');
  });
});
