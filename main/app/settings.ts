import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { writeFileDurably } from '../files/durable.ts';
import { ensureFolder } from '../files/folders.ts';

const settingsSchema = z.object({
  /** The library folder that was chosen; without it the platform's place. */
  library: z.string().min(1).optional(),
  /** The window when it was last closed, in screen pixels. */
  window: z
    .object({ x: z.int(), y: z.int(), width: z.int().positive(), height: z.int().positive(), maximised: z.boolean() })
    .optional(),
});
export type Settings = z.infer<typeof settingsSchema>;
export type WindowState = NonNullable<Settings['window']>;

/** What this application remembers on this machine, apart from the library. An unreadable file counts as an empty one. */
export class SettingsFile {
  readonly #path: string;
  #settings: Settings;
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
    this.#settings = readSettings(path);
  }

  get current(): Settings {
    return this.#settings;
  }

  /** Resolves when it is on the disk. Errors: DISK_FULL, FILE_UNWRITABLE. */
  change(changes: Partial<Settings>): Promise<void> {
    this.#settings = { ...this.#settings, ...changes };
    const bytes = new TextEncoder().encode(`${JSON.stringify(this.#settings, null, 2)}\n`);
    this.#writing = this.#writing
      .catch(() => undefined)
      .then(async () => {
        await ensureFolder(dirname(this.#path));
        await writeFileDurably(this.#path, bytes);
      });
    return this.#writing;
  }
}

function readSettings(path: string): Settings {
  try {
    return settingsSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return {};
  }
}
