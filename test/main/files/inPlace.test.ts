import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DecantError } from '../../../shared/errors.ts';
import { setFaultHook } from '../../../main/files/faults.ts';
import { InPlaceFile } from '../../../main/files/inPlace.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'decant-inplace-'));
});
afterEach(() => {
  setFaultHook(undefined);
  rmSync(folder, { recursive: true });
});

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (thrown) {
    if (thrown instanceof DecantError) return thrown.code;
    throw thrown;
  }
  return 'nothing thrown';
}

describe('InPlaceFile', () => {
  it('replaces bytes where they are and never grows the file', () => {
    const path = join(folder, 'cache');
    writeFileSync(path, 'abcdefgh');
    using file = new InPlaceFile(path);
    file.write(2, new TextEncoder().encode('XY'));
    file.sync();
    expect(readFileSync(path, 'utf8')).toBe('abXYefgh');
    expect(() => file.write(7, new Uint8Array(2))).toThrow(RangeError);
    expect(() => file.write(-1, new Uint8Array(1))).toThrow(RangeError);
    expect(readFileSync(path, 'utf8')).toBe('abXYefgh');
  });

  it('reports a full disk, and a file that is gone', () => {
    const path = join(folder, 'cache');
    writeFileSync(path, 'abcdefgh');
    using file = new InPlaceFile(path);
    setFaultHook(({ operation }) => (operation === 'write' ? { shortWrite: 1 } : undefined));
    expect(codeOf(() => file.write(0, new Uint8Array(4)))).toBe('DISK_FULL');
    setFaultHook(undefined);
    expect(codeOf(() => new InPlaceFile(join(folder, 'absent')))).toBe('DATASET_VANISHED');
  });
});
