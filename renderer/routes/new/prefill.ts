import { paperPresets } from '../../../shared/presets.ts';
import type { RunRecord } from '../../../shared/records.ts';
import { longestName } from '../../../shared/values.ts';
import { withEntry, withoutDefaults, type Draft } from '../../forms/entries.ts';
import type { FormField } from '../../forms/fields.ts';

/** What a form begins with when nothing else is asked for. */
export const emptyDraft: Draft = { method: 'distil' };

/** The configuration of a run once more, under another name: only what differs from the defaults. */
export function draftOfRun({ config }: Pick<RunRecord, 'config'>, fields: readonly FormField[]): Draft {
  const draft = withoutDefaults({ ...config }, fields);
  return config.name === undefined ? draft : withEntry(draft, ['name'], copyName(config.name));
}

/** "a" → "a (copy)" → "a (copy 2)": within the characters that a name may have. */
export function copyName(name: string): string {
  const [, stem, count] = /^(.*?) \(copy(?: (\d+))?\)$/.exec(name) ?? [];
  const mark = stem === undefined ? ' (copy)' : ` (copy ${Number(count ?? 1) + 1})`;
  return `${(stem ?? name).slice(0, longestName - mark.length)}${mark}`;
}

/** A preset's own settings over the dataset and teacher that are there: for data other than the paper's. */
export function withPresetSettings(draft: Draft, name: string): Draft | undefined {
  const preset = paperPresets.find((one) => one.name === name);
  if (preset === undefined) return undefined;
  const { dataset, teacher } = draft;
  return {
    name: preset.title,
    ...preset.settings,
    ...(dataset !== undefined && { dataset }),
    ...(preset.settings.method === 'distil' && teacher !== undefined && { teacher }),
  };
}

/** Entries that only distillation has. */
const ofDistillation = ['teacher', 'distillation', 'labels'] as const;

/**
 * The draft with another method. From scratch there is no teacher: what belongs to it is set aside, and comes back with method "distil".
 */
export function withMethod(draft: Draft, method: unknown, aside: Draft): { draft: Draft; aside: Draft } {
  let changed = withEntry(draft, ['method'], method);
  let kept = aside;
  for (const key of ofDistillation)
    if (method === 'scratch') {
      if (changed[key] !== undefined) kept = withEntry(kept, [key], changed[key]);
      changed = withEntry(changed, [key], undefined);
    } else if (method === 'distil') {
      if (changed[key] === undefined && kept[key] !== undefined) changed = withEntry(changed, [key], kept[key]);
      kept = withEntry(kept, [key], undefined);
    }
  return { draft: changed, aside: kept };
}

export function isOfDistillation(path: readonly string[]): boolean {
  return ofDistillation.some((key) => key === path[0]);
}
