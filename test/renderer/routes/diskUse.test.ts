import { expect, it } from 'vitest';
import type { Freeable, LibraryUsage } from '../../../shared/diskUse.ts';
import { groupFreeable, partsOf } from '../../../renderer/routes/library/freeable.ts';

const bytes = { checkpoints: 30, datasets: 10, labels: 0, jobs: 0, database: 10, backups: 0, other: 0 };

function usage(changes: Partial<LibraryUsage['bytes']> = {}): LibraryUsage {
  return { home: '/library', freeDiskBytes: 1, bytes: { ...bytes, ...changes }, freeable: [] };
}

function freeable(kind: Freeable['kind'], id: string, size: number): Freeable {
  return { id, kind, name: id, bytes: size, detail: '', blocked: null };
}

it('the parts make up the whole, in one order', () => {
  const { parts, total } = partsOf(usage());
  expect(total).toBe(50);
  expect(parts.map(({ kind, share }) => [kind, share]).slice(0, 3)).toEqual([
    ['checkpoints', 0.6],
    ['datasets', 0.2],
    ['labels', 0],
  ]);
  expect(parts).toHaveLength(7);
});

it('a folder without a byte has no shares', () => {
  const { parts, total } = partsOf(usage({ checkpoints: 0, datasets: 0, database: 0 }));
  expect(total).toBe(0);
  expect(parts.every(({ share }) => share === 0)).toBe(true);
});

it('what can go comes by kind, the biggest first', () => {
  const items = [freeable('backups', 'a', 1), freeable('labels', 'b', 2), freeable('backups', 'c', 5)];
  const groups = groupFreeable(items).map((group) => [group.kind, group.bytes, group.items.map(({ id }) => id)]);
  expect(groups).toEqual([
    ['backups', 6, ['c', 'a']],
    ['labels', 2, ['b']],
  ]);
  expect(items.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
});
