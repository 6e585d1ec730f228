import { z } from 'zod';

/** What is kept of a form until it was started, so that a reload loses nothing. */
const savedDraftSchema = z.object({
  text: z.string().max(200_000),
  aside: z.record(z.string(), z.unknown()),
  view: z.enum(['form', 'text']),
  advanced: z.boolean(),
  preset: z.string(),
  estimate: z.object({ job: z.string(), of: z.string() }).optional(),
});
export type SavedDraft = z.infer<typeof savedDraftSchema>;

const keyOf = (address: string): string => `decant-new-run ${address}`;

/** The draft of an address (`?from=…`), if this window has one. */
export function readDraft(storage: Pick<Storage, 'getItem'>, address: string): SavedDraft | undefined {
  try {
    const checked = savedDraftSchema.safeParse(JSON.parse(storage.getItem(keyOf(address)) ?? ''));
    return checked.success ? checked.data : undefined;
  } catch {
    return undefined;
  }
}

export function writeDraft(storage: Pick<Storage, 'setItem'>, address: string, draft: SavedDraft): void {
  try {
    storage.setItem(keyOf(address), JSON.stringify(draft));
  } catch {
    // Storage may be forbidden or full: the draft then lasts until the page closes.
  }
}

export function removeDraft(storage: Pick<Storage, 'removeItem'>, address: string): void {
  try {
    storage.removeItem(keyOf(address));
  } catch {
    // As above.
  }
}
