import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { writeFileDurably } from '../files/durable.ts';

const stampsSchema = z.object({ formatVersion: z.literal(1), done: z.record(z.string(), z.string()) });

function readStamps(path: string): Record<string, string> | undefined {
  try {
    return stampsSchema.parse(JSON.parse(readFileSync(path, 'utf8'))).done;
  } catch {
    return undefined;
  }
}

/** Whether a file is one in which a set-up noted its steps. */
export function areStamps(path: string): boolean {
  return readStamps(path) !== undefined;
}

/** Which steps of a set-up are done, and for what: a step whose key changed is done again. An unreadable file counts as none. */
export class Stamps {
  readonly #path: string;
  readonly #done: Map<string, string>;

  private constructor(path: string, done: Map<string, string>) {
    this.#path = path;
    this.#done = done;
  }

  static read(path: string): Stamps {
    return new Stamps(path, new Map(Object.entries(readStamps(path) ?? {})));
  }

  static empty(path: string): Stamps {
    return new Stamps(path, new Map());
  }

  has(step: string, key: string): boolean {
    return this.#done.get(step) === key;
  }

  /** Resolves when it is on the disk: only then does the step count. Errors: DISK_FULL, FILE_UNWRITABLE. */
  async add(step: string, key: string): Promise<void> {
    this.#done.set(step, key);
    await this.#write();
  }

  /** A step whose result is lost. Resolves when it is on the disk. Errors: DISK_FULL, FILE_UNWRITABLE. */
  async remove(step: string): Promise<void> {
    this.#done.delete(step);
    await this.#write();
  }

  async #write(): Promise<void> {
    const text = JSON.stringify({ formatVersion: 1, done: Object.fromEntries(this.#done) }, null, 2);
    await writeFileDurably(this.#path, new TextEncoder().encode(`${text}\n`));
  }
}
