import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { acquireLock, findLockHolder } from '../../../main/host/lock.ts';
import { libraryPaths } from '../../../main/files/library.ts';
import { processStartTime } from '../../../main/jobs/folder/processes.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

function writeLock(home: string, pid: number, startTime: string | null): void {
  const { dev, ino } = statSync(home, { bigint: true });
  const lock = { pid, startTime, address: '/nowhere', folder: `${dev}:${ino}`, openedAt: new Date().toISOString() };
  writeFileSync(libraryPaths(home).lock, JSON.stringify(lock));
}

async function deadProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid ?? 0;
}

describe('library lock', () => {
  it('says who has the library, and goes with its release', async () => {
    const home = temporaryFolder();
    expect(await findLockHolder(home)).toBeUndefined();
    const lock = await acquireLock(home, '/somewhere');
    expect(await findLockHolder(home)).toMatchObject({
      pid: process.pid,
      startTime: await processStartTime(process.pid),
      address: '/somewhere',
    });
    await lock.release();
    expect(existsSync(libraryPaths(home).lock)).toBe(false);
  });

  it('refuses a second holder, naming the first', async () => {
    const home = temporaryFolder();
    await acquireLock(home, '/first');
    const refused = acquireLock(home, '/second');
    await expect(refused).rejects.toMatchObject({ code: 'LIBRARY_LOCKED' });
    await expect(refused).rejects.toThrow(`process ${process.pid}`);
    expect(await findLockHolder(home)).toMatchObject({ address: '/first' });
  });

  it('does not take a copied library for the original', async () => {
    const home = temporaryFolder();
    const copy = temporaryFolder();
    await acquireLock(home, '/first');
    cpSync(libraryPaths(home).lock, libraryPaths(copy).lock);
    expect(await findLockHolder(copy)).toBeUndefined();
    await acquireLock(copy, '/second');
    expect(await findLockHolder(copy)).toMatchObject({ address: '/second' });
    expect(await findLockHolder(home)).toMatchObject({ address: '/first' });
  });

  it('lets exactly one of many win', async () => {
    const home = temporaryFolder();
    writeLock(home, await deadProcess(), null);
    const attempts = await Promise.allSettled(Array.from({ length: 8 }, (_, index) => acquireLock(home, `/${index}`)));
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('leaves nothing behind where it cannot be written', async () => {
    const home = temporaryFolder();
    mkdirSync(libraryPaths(home).lock);
    await expect(acquireLock(home, '/somewhere')).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
    expect(readdirSync(home).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('takes over from a dead process', async () => {
    const home = temporaryFolder();
    const pid = await deadProcess();
    writeLock(home, pid, null);
    expect(await findLockHolder(home)).toBeUndefined();
    const stale: number[] = [];
    await acquireLock(home, '/new', (holder) => stale.push(holder.pid));
    expect(stale).toEqual([pid]);
  });

  it('knows a process that got the pid of a dead one', async () => {
    const home = temporaryFolder();
    writeLock(home, process.pid, 'another boot/1');
    expect(await findLockHolder(home)).toBeUndefined();
    await acquireLock(home, '/new');
  });

  it('respects a living process', async () => {
    const home = temporaryFolder();
    const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)']);
    await once(child, 'spawn');
    writeLock(home, child.pid ?? 0, await processStartTime(child.pid ?? 0));
    await expect(acquireLock(home, '/new')).rejects.toMatchObject({ code: 'LIBRARY_LOCKED' });
    child.kill();
  });

  it('takes a lock that was cut off for none, and does not remove that of another', async () => {
    const home = temporaryFolder();
    writeFileSync(libraryPaths(home).lock, '{"pid":');
    const lock = await acquireLock(home, '/mine');
    writeLock(home, process.pid, null);
    await lock.release();
    expect(readFileSync(libraryPaths(home).lock, 'utf8')).toContain('/nowhere');
  });
});
