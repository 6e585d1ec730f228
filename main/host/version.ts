import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { applicationFile } from '../../shared/place.ts';

/** The version of the code, which every job records. */
export function codeVersion(): string {
  const text = readFileSync(applicationFile('package.json'), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
