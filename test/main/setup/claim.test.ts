import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { claimFolder } from '../../../main/setup/claim.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const gone = (id: string): string => JSON.stringify({ pid: 2 ** 22 + 1, started: null, id });

/** Many at once; the releases of those that got it. */
async function claimAtOnce(path: string, count: number): Promise<(() => Promise<void>)[]> {
  const ends = await Promise.allSettled(Array.from({ length: count }, () => claimFolder(path)));
  const lost = ends
    .filter((end) => end.status === 'rejected')
    .map(({ reason }: PromiseRejectedResult) => reason as unknown);
  for (const reason of lost) expect(reason).toMatchObject({ code: 'IN_USE' });
  return ends.filter((end) => end.status === 'fulfilled').map(({ value }) => value);
}

describe('the claim on a folder', () => {
  it('has one holder of many who ask at once, time after time', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'claim.json');
    for (let round = 0; round < 8; round += 1) {
      const releases = await claimAtOnce(path, 16);
      expect(releases).toHaveLength(1);
      await releases[0]?.();
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  it('of a dead process has one heir', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'claim.json');
    for (let round = 0; round < 8; round += 1) {
      writeFileSync(path, gone(String(round)));
      const releases = await claimAtOnce(path, 16);
      expect(releases).toHaveLength(1);
      expect(readdirSync(folder)).toEqual(['claim.json']);
      await releases[0]?.();
    }
  });

  it('never lets two work at once while many come and go', async () => {
    const path = join(temporaryFolder(), 'claim.json');
    writeFileSync(path, gone('first'));
    let working = 0;
    let most = 0;
    let held = 0;
    const come = async (): Promise<void> => {
      for (let turn = 0; turn < 10; turn += 1) {
        const release = await claimFolder(path).catch(() => undefined);
        if (release === undefined) continue;
        held += 1;
        most = Math.max(most, (working += 1));
        await new Promise((resolve) => setImmediate(resolve));
        working -= 1;
        // As one that was killed: the claim stays, of a process that is gone.
        if (held % 2 === 0) writeFileSync(path, gone(String(held)));
        else await release();
      }
    };
    await Promise.all(Array.from({ length: 12 }, come));
    expect(held).toBeGreaterThan(1);
    expect(most).toBe(1);
  });

  it('that cannot be read is held while it is young, and damaged later', async () => {
    const path = join(temporaryFolder(), 'claim.json');
    writeFileSync(path, '');
    // So young that it stays so while this test waits for its turn.
    const young = Date.now() / 1000 + 3600;
    utimesSync(path, young, young);
    await expect(claimFolder(path)).rejects.toMatchObject({ code: 'IN_USE' });
    utimesSync(path, 1, 1);
    const release = await claimFolder(path);
    await release();
  });

  it('is released by its holder only', async () => {
    const path = join(temporaryFolder(), 'claim.json');
    const release = await claimFolder(path);
    writeFileSync(path, gone('another'));
    await release();
    expect(readFileSync(path, 'utf8')).toBe(gone('another'));
  });

  it('is taken over where the one who took it over was killed on the way', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'claim.json');
    writeFileSync(path, gone('first'));
    const before = await claimFolder(path);
    await before();
    writeFileSync(path, gone('first'));
    // The right to that very claim, left by a second dead process.
    const { createHash } = await import('node:crypto');
    const right = `${path}.${createHash('sha256').update(gone('first')).digest('hex').slice(0, 16)}`;
    writeFileSync(right, gone('second'));
    const release = await claimFolder(path);
    expect(readdirSync(folder)).toEqual(['claim.json']);
    await release();
  });
});
