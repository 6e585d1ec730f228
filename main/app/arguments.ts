import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';

export interface StartArguments {
  /** --home FOLDER */
  home?: string;
  /** Files and folders to import: whole paths. */
  files: string[];
}

/** What a second start hands to the first. */
export const secondStartSchema = z.object({ files: z.array(z.string()), home: z.string().optional() });

/** The arguments that are the application's own: from a clone, what follows the folder of the application. */
export function ownArguments(
  argv: readonly string[],
  application: string,
  packaged: boolean,
  folder: string,
): string[] {
  if (packaged) return argv.slice(1);
  return argv.slice(argv.findIndex((argument) => resolve(folder, argument) === application) + 1);
}

/** Reads the application's own arguments. Switches of Chromium are passed over, as is whatever names no file. */
export function readArguments(given: readonly string[], folder: string): StartArguments {
  const files: string[] = [];
  let home: string | undefined;
  for (let index = 0; index < given.length; index += 1) {
    const argument = given[index] ?? '';
    if (argument === '--home') {
      index += 1;
      home = given[index];
    } else if (argument.startsWith('--home=')) home = argument.slice('--home='.length);
    else if (!argument.startsWith('-')) {
      const path = resolve(folder, argument);
      if (existsSync(path)) files.push(path);
    }
  }
  return { files, ...(home !== undefined && home !== '' && { home: resolve(folder, home) }) };
}
