import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { DurableAppender } from '../../../main/files/appending.ts';
import { diskFullError, setFaultHook } from '../../../main/files/faults.ts';
import { endsProperly, failureOf } from '../../support/failures.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

afterEach(() => {
  setFaultHook(undefined);
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('batches follow each other, across openings', async () => {
  const path = join(temporaryFolder(), 'spool');
  const first = await DurableAppender.open(path);
  expect(await first.append(bytes('one\n'))).toBe(4);
  await first.close();
  await using second = await DurableAppender.open(path);
  expect(second.length).toBe(4);
  expect(await second.append(bytes('two\n'))).toBe(8);
  expect(await readFile(path, 'utf8')).toBe('one\ntwo\n');
});

test('opening cuts off a torn tail where the reader says so', async () => {
  const path = join(temporaryFolder(), 'spool');
  await writeFile(path, 'whole\ntor');
  await using appender = await DurableAppender.open(path, 6);
  await appender.append(bytes('next\n'));
  expect(await readFile(path, 'utf8')).toBe('whole\nnext\n');
  await expect(DurableAppender.open(path, 1000)).rejects.toThrow(RangeError);
});

test('a batch that fails half-way is not in the file, and the next one follows the last good one', async () => {
  const path = join(temporaryFolder(), 'spool');
  await using appender = await DurableAppender.open(path);
  await appender.append(bytes('good\n'));
  setFaultHook((point) => (point.operation === 'write' ? { shortWrite: 3 } : undefined));
  expect((await failureOf(appender.append(bytes('lost\n')))).code).toBe('DISK_FULL');
  expect(await readFile(path, 'utf8')).toBe('good\n');
  setFaultHook(undefined);
  expect(await appender.append(bytes('next\n'))).toBe(10);
  expect(await readFile(path, 'utf8')).toBe('good\nnext\n');
});

test('where even the cut fails, the next append repairs the file first', async () => {
  const path = join(temporaryFolder(), 'spool');
  await using appender = await DurableAppender.open(path);
  await appender.append(bytes('good\n'));
  setFaultHook((point) => {
    if (point.operation === 'truncate') throw diskFullError(point.path);
    return point.operation === 'write' ? { shortWrite: 3 } : undefined;
  });
  expect((await failureOf(appender.append(bytes('lost\n')))).code).toBe('DISK_FULL');
  expect(await readFile(path, 'utf8')).toBe('good\nlos');
  setFaultHook(undefined);
  await appender.append(bytes('n\n'));
  expect(await readFile(path, 'utf8')).toBe('good\nn\n');
});

test('appends that overlap and appends after the end are refused', async () => {
  const appender = await DurableAppender.open(join(temporaryFolder(), 'spool'));
  const running = appender.append(bytes('a'));
  await expect(appender.append(bytes('b'))).rejects.toThrow('has not ended');
  await running;
  await appender.close();
  await expect(appender.append(bytes('c'))).rejects.toThrow('closed');
});

test('whatever fails, the file is exactly the acknowledged batches', async () => {
  const folder = temporaryFolder();
  const step = fc.record({
    text: fc.string({ minLength: 1, maxLength: 20 }),
    fault: fc.constantFrom('none', 'write', 'sync', 'truncate'),
    short: fc.nat(25),
  });
  let count = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const path = join(folder, String(count++));
      const appender = await DurableAppender.open(path);
      let acknowledged = '';
      for (const { text, fault, short } of steps) {
        setFaultHook((point) => {
          if (point.operation === 'write' && fault !== 'none' && fault !== 'sync') return { shortWrite: short };
          if (point.operation === fault) throw diskFullError(point.path);
          return undefined;
        });
        if ((await endsProperly(appender.append(bytes(text)))) === 'well') acknowledged += text;
        expect(appender.length).toBe(bytes(acknowledged).length);
        const content = await readFile(path);
        if (fault !== 'truncate') expect(content.toString()).toBe(acknowledged);
        else expect(content.subarray(0, appender.length).toString()).toBe(acknowledged);
      }
      setFaultHook(undefined);
      await appender.append(bytes('.'));
      await appender.close();
      expect(await readFile(path, 'utf8')).toBe(`${acknowledged}.`);
    }),
    { numRuns: 40 },
  );
});
