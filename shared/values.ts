import { z } from 'zod';
import { errorCatalogue, type ErrorCode } from './errors.ts';

/** Single values that the contract and the files of jobs have in common. */

/** Library ids: a letter for the kind and ten characters. */
export const idPattern = /^[a-z]-[0-9a-z]{10}$/;
/** What a request or a configuration may name an entry by: an id, an unambiguous prefix of one, or a name. */
export const reference = z.string().min(1).max(200);
export const longestName = 200;
/** What people write about a run: as long where they write it as where it travels. */
export const entryName = z.string().max(longestName);
export const runNotes = z.string().max(100_000);
export const runTags = z.array(z.string().max(100)).max(100);
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** A measured value: unlike `z.number()`, NaN and infinities are allowed, as they are what a diverging run measures. */
export const measurement = z.custom<number>((value) => typeof value === 'number', 'not a number');

export const errorReportSchema = z.object({
  code: z.enum(Object.keys(errorCatalogue) as [ErrorCode, ...ErrorCode[]]),
  detail: z.string(),
});
