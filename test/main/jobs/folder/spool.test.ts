import fc from 'fast-check';
import { appendFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { SpoolRecord } from '../../../../shared/jobFolder.ts';
import { diskFullError, setFaultHook } from '../../../../main/files/faults.ts';
import { writeClaim } from '../../../../main/jobs/folder/files.ts';
import { jobPaths } from '../../../../main/jobs/folder/layout.ts';
import { encodeLines } from '../../../../main/jobs/folder/lines.ts';
import { isSameProcessAlive, processStartTime } from '../../../../main/jobs/folder/processes.ts';
import { SpoolReader } from '../../../../main/jobs/folder/reader.ts';
import { SpoolWriter } from '../../../../main/jobs/folder/writer.ts';
import { temporaryFolder } from '../../../support/temporaryFolder.ts';

const number = fc.oneof(
  fc.double(),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0),
);
const metrics: fc.Arbitrary<SpoolRecord> = fc.record({
  type: fc.constant('metrics' as const),
  step: fc.integer({ min: 1, max: 1e6 }),
  // Nothing made of strangers' JSON may have a prototype among its keys: the schema drops it.
  values: fc.dictionary(
    fc.string().filter((name) => name !== '__proto__'),
    number,
  ),
});
const message: fc.Arbitrary<SpoolRecord> = fc.record({
  type: fc.constant('message' as const),
  level: fc.constantFrom('info' as const, 'warning' as const),
  text: fc.string({ unit: 'binary', maxLength: 40 }),
});
const records = fc.array(fc.oneof(metrics, message), { maxLength: 12 });

/** Line breaks, NaN, -0 and lone surrogates included. */
function plain(list: readonly SpoolRecord[]): string {
  return Buffer.from(encodeLines(list)).toString('latin1');
}

const note = (text: string): SpoolRecord => ({ type: 'message', level: 'info', text });

test('what is appended is read back, in any batches and in pieces of any size', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(records, { maxLength: 4 }), fc.integer({ min: 1, max: 300 }), async (batches, piece) => {
      const paths = jobPaths(temporaryFolder());
      await using writer = await SpoolWriter.open(paths);
      const lengths = await Promise.all(batches.map((batch) => writer.append(...batch)));
      const reader = new SpoolReader(paths.spool);
      expect(Math.max(0, ...lengths)).toBe(await reader.size());
      const found: SpoolRecord[] = [];
      let offset = 0;
      for (let more = true; more;) {
        const read = await reader.readFrom(offset, { maximumBytes: piece });
        found.push(...read.records);
        expect(read.damage).toEqual([]);
        ({ offset, more } = read);
      }
      expect(offset).toBe(await reader.size());
      expect(plain(found)).toBe(plain(batches.flat()));
    }),
    { numRuns: 25 },
  );
});

test('a spool cut anywhere gives the records before the cut, and the next attempt goes on from there', async () => {
  const all = ['one', 'two', 'three', 'four'].map(note);
  const whole = encodeLines(all);
  const ends = all.map((_, index) => encodeLines(all.slice(0, index + 1)).length);
  for (let cut = 0; cut <= whole.length; cut += 7) {
    const paths = jobPaths(temporaryFolder());
    writeFileSync(paths.spool, whole.subarray(0, cut));
    const kept = ends.filter((end) => end <= cut);
    const before = await new SpoolReader(paths.spool).readFrom(0);
    expect(before).toMatchObject({ records: all.slice(0, kept.length), offset: kept.at(-1) ?? 0, damage: [] });
    const writer = await SpoolWriter.open(paths);
    expect(writer.tornBytes).toBe(cut - (kept.at(-1) ?? 0));
    await writer.append(note('after'));
    await writer.close();
    const after = await new SpoolReader(paths.spool).readFrom(0);
    expect(after.records).toEqual([...all.slice(0, kept.length), note('after')]);
    expect(after.damage).toEqual([]);
  }
});

test('damage between whole records is reported, never passed over in silence', async () => {
  const paths = jobPaths(temporaryFolder());
  const lines = ['one', 'two', 'three'].map((text) => encodeLines([note(text)]));
  const bytes = Buffer.concat(lines);
  const second = lines[0]?.length ?? 0;
  bytes[second + 20] = (bytes[second + 20] ?? 0) ^ 1;
  writeFileSync(paths.spool, bytes);
  const read = await new SpoolReader(paths.spool).readFrom(0);
  expect(read.records).toEqual([note('one'), note('three')]);
  expect(read.damage).toEqual([{ offset: second, bytes: lines[1]?.length }]);
  // At the end the same bytes may be a torn tail: nothing is said yet, and nothing is skipped.
  truncateSync(paths.spool, second + (lines[1]?.length ?? 0));
  const tail = await new SpoolReader(paths.spool).readFrom(0);
  expect(tail).toMatchObject({ records: [note('one')], offset: second, damage: [] });
});

test('only what was acknowledged is read where a limit is given', async () => {
  const paths = jobPaths(temporaryFolder());
  const writer = await SpoolWriter.open(paths);
  const acknowledged = await writer.append(note('one'));
  await writer.close();
  appendFileSync(paths.spool, encodeLines([note('not yet')]));
  const read = await new SpoolReader(paths.spool).readFrom(0, { upTo: acknowledged });
  expect(read).toMatchObject({ records: [note('one')], offset: acknowledged, more: false });
});

test('a full disk keeps none of the batch, and the spool goes on once there is space', async () => {
  const paths = jobPaths(temporaryFolder());
  const writer = await SpoolWriter.open(paths);
  await writer.append(note('one'));
  setFaultHook(({ operation, path }) => {
    if (path !== paths.spool) return undefined;
    if (operation === 'sync') throw diskFullError(path);
    return operation === 'write' ? { shortWrite: 5 } : undefined;
  });
  try {
    await expect(writer.append(note('two'))).rejects.toMatchObject({ code: 'DISK_FULL' });
  } finally {
    setFaultHook(undefined);
  }
  await writer.append(note('three'));
  await writer.close();
  expect((await new SpoolReader(paths.spool).readFrom(0)).records).toEqual([note('one'), note('three')]);
});

test('two living writers never meet', async () => {
  const folder = join(temporaryFolder(), 'job');
  mkdirSync(folder);
  const paths = jobPaths(folder);
  // The parent of this process lives and is someone else.
  await writeClaim(paths, { pid: process.ppid, started: await processStartTime(process.ppid) });
  await expect(SpoolWriter.open(paths)).rejects.toMatchObject({ code: 'IN_USE' });
  // The same number, but of a process that started at another time.
  await writeClaim(paths, { pid: process.ppid, started: 'long ago' });
  const writer = await SpoolWriter.open(paths);
  await writer.close();
  expect(readFileSync(paths.claim, 'utf8')).toContain(String(process.pid));
});

test('a process is told from a later one of the same number', async () => {
  const started = await processStartTime(process.pid);
  expect(started).not.toBeNull();
  expect(await isSameProcessAlive(process.pid, started)).toBe('alive');
  expect(await isSameProcessAlive(process.pid, 'another time')).toBe('gone');
  expect(await isSameProcessAlive(process.pid, null)).toBe('unknown');
  expect(await isSameProcessAlive(2 ** 22 + 1, started)).toBe('gone');
});
