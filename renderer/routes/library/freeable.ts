import {
  type Freeable,
  type FreeableKind,
  type LibraryUsage,
  type UsageKind,
  usageKinds,
} from '../../../shared/diskUse.ts';

export const kindTitles = {
  checkpoints: 'Checkpoints',
  datasets: 'Datasets',
  labels: 'Labels',
  jobs: 'Jobs',
  database: 'Database',
  backups: 'Database backups',
  other: 'Uploads and other',
} as const satisfies Record<UsageKind, string>;

export const freeableTitles = {
  labels: 'Labels of teachers',
  exports: 'Exports that were taken',
  checkpoints: 'Training checkpoints nothing needs',
  leftovers: 'Files without an entry',
  backups: 'Older database backups',
} as const satisfies Record<FreeableKind, string>;

export interface Part {
  kind: UsageKind;
  bytes: number;
  /** Of the whole, 0 to 1. */
  share: number;
}

/** The parts of the stacked bar, in one order whatever their sizes. */
export function partsOf({ bytes }: LibraryUsage): { parts: Part[]; total: number } {
  const total = usageKinds.reduce((sum, kind) => sum + bytes[kind], 0);
  const parts = usageKinds.map((kind) => ({ kind, bytes: bytes[kind], share: total === 0 ? 0 : bytes[kind] / total }));
  return { parts, total };
}

export interface FreeableGroup {
  kind: FreeableKind;
  items: Freeable[];
  bytes: number;
}

/** What can go by kind, the biggest kind first and in it the biggest thing. */
export function groupFreeable(items: readonly Freeable[]): FreeableGroup[] {
  const groups = new Map<FreeableKind, Freeable[]>();
  for (const item of items) groups.set(item.kind, [...(groups.get(item.kind) ?? []), item]);
  return [...groups]
    .map(([kind, members]) => ({
      kind,
      items: members.sort((left, right) => right.bytes - left.bytes),
      bytes: bytesOf(members),
    }))
    .sort((left, right) => right.bytes - left.bytes);
}

export function bytesOf(items: readonly Freeable[]): number {
  return items.reduce((sum, { bytes }) => sum + bytes, 0);
}
