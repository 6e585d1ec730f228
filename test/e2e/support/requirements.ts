import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { repository } from '../runtime/places.ts';

/** Whether DECANT_REQUIRE names this: then its absence is a failure and not a skip. */
export function isRequired(what: string): boolean {
  return (process.env['DECANT_REQUIRE'] ?? '').split(',').includes(what);
}

/** Says why a part of the tests is skipped; throws where that part is required. */
export function skipOrFail(what: string, reason: string): void {
  if (isRequired(what)) throw new Error(`${what} is required: ${reason}`);
  console.warn(`skipped: ${what}: ${reason}`);
}

export interface ReferenceFiles {
  checkpoint: string;
  dataset: string;
}

/** The official checkpoint and sample data, which are no part of the repository: DECANT_REFERENCE, or beside the checkout. */
export function findReference(): ReferenceFiles | { missing: string } {
  const given = process.env['DECANT_REFERENCE'];
  const folder = resolve(given === undefined || given === '' ? join(repository, '../shared/reference') : given);
  const checkpoint = join(folder, 'checkpoints/files/mt30_1M_steps_045dist_fp16.pt');
  const dataset = join(folder, 'sample_dataset/chunk_0.pt');
  for (const file of [checkpoint, dataset])
    if (!existsSync(file)) return { missing: 'the reference files are not there; DECANT_REFERENCE names their folder' };
  return { checkpoint, dataset };
}
