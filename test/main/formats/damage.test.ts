import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openPt, readPtStateDict } from '../../../main/formats/pt.ts';
import { openZip } from '../../../main/formats/zip.ts';
import { RandomAccessFile } from '../../../main/files/reading.ts';
import { endsProperly } from '../../support/failures.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { writeRawPickle } from './pickleBuilder.ts';

const fixture = (name: string): string => join(import.meta.dirname, '../../fixtures/pt', name);

async function readAll(path: string): Promise<void> {
  await readPtStateDict(path);
  await using file = await openPt(path);
  await file.verify();
}

type Change = [position: number, value: number, width: 1 | 4 | 8];

function changed(original: Uint8Array, changes: Change[]): Buffer {
  const bytes = Buffer.from(original);
  for (const [position, value, width] of changes)
    for (let index = 0; index < width; index++) bytes[Math.min(position + index, bytes.length - 1)] = value;
  return bytes;
}

const changesOf = (length: number): fc.Arbitrary<Change[]> =>
  fc.array(
    fc.tuple(
      fc.nat(length - 1),
      fc.oneof(fc.nat(255), fc.constantFrom(0, 0xff, 0x7f, 0x80)),
      fc.constantFrom<1 | 4 | 8>(1, 1, 1, 4, 8),
    ),
    { minLength: 1, maxLength: 4 },
  );

test.each(['tensordict_021.pt', 'quantized.pt', 'deflated.pt'])(
  '%s, damaged anywhere, gives its tensors or an error with a code',
  async (name) => {
    const path = join(temporaryFolder(), 'file.pt');
    const original = await readFile(fixture(name));
    // Half of the changes go to the directory at the end, where most of the structure is.
    const position = fc.oneof(
      changesOf(original.length),
      changesOf(600).map((list) => list.map(([at, ...rest]): Change => [original.length - 1 - at, ...rest])),
    );
    const outcomes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(position, async (changes) => {
        await writeFile(path, changed(original, changes));
        outcomes.add(await endsProperly(readAll(path)));
      }),
      { numRuns: 250 },
    );
    expect(outcomes).toContain('ZIP_INVALID');
  },
);

test.each(['state_dict.pt', 'state_dict_protocol4.pt', 'tensordict_040.pt', 'quantized.pt', 'newer_layout.pt'])(
  'the pickle of %s, damaged anywhere behind a right checksum, gives values or an error with a code',
  async (name) => {
    const path = join(temporaryFolder(), 'file.pt');
    await using file = new RandomAccessFile(fixture(name));
    const archive = await openZip(file);
    const entry = [...archive.entries.values()].find((candidate) => candidate.name.endsWith('/data.pkl'));
    if (entry === undefined) throw new Error('no pickle');
    const original = await archive.read(entry);
    const outcomes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(changesOf(original.length), fc.option(fc.nat(original.length)), async (changes, length) => {
        const bytes = changed(original, changes);
        await writeRawPickle(path, length === null ? bytes : bytes.subarray(0, length), new Uint8Array(96));
        outcomes.add(await endsProperly(readAll(path)));
      }),
      { numRuns: 250 },
    );
    expect(outcomes).toContain('PICKLE_INVALID');
  },
);

test('random opcodes never do more than fail', async () => {
  const path = join(temporaryFolder(), 'file.pt');
  const opcodes = [...Buffer.from('N\x88\x89K]}()\x85\x86\x87tseauqhRb\x81Q.\x94', 'latin1')];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(fc.constantFrom(...opcodes), fc.nat(255)), { maxLength: 60 }), async (body) => {
      await writeRawPickle(path, Uint8Array.from([0x80, 2, ...body, 0x2e]));
      await endsProperly(readAll(path));
    }),
    { numRuns: 400 },
  );
});
