import { randomUUID } from 'node:crypto';
import { readdir, statfs } from 'node:fs/promises';
import { type IncomingMessage } from 'node:http';
import { dirname, join, relative, sep } from 'node:path';
import { z } from 'zod';
import { requests, type HostEvent } from '../../../shared/contract.ts';
import { DecantError } from '../../../shared/errors.ts';
import { jobConfigurationSchemas } from '../../../shared/jobs.ts';
import { writeFileDurably } from '../../files/durable.ts';
import { ensureFolder, removeFolder } from '../../files/folders.ts';
import { libraryPaths } from '../../files/library.ts';
import { type HostCore } from '../core.ts';

/** A chunk of MT30 has 5 GB. */
const largestUpload = 64e9;
/** So much of the disk stays free for what the import writes beside it. */
const reserve = 500e6;
/** An uploaded file that nobody imports goes after this time, in milliseconds. */
const lifetime = 15 * 60_000;

const uploadName = /^[^/\\\0]{1,200}$/;

/**
 * Files that a browser sends to be imported: `<library>/uploads/<id>/<name>`, until the import has read them. An import that was
 * interrupted or stopped keeps its files, so that it can go on.
 */
export class Uploads {
  readonly #core: HostCore;
  readonly #folder: string;
  readonly #largest: number;
  readonly #files = new Map<string, { path: string; since: number }>();
  readonly #receiving = new Set<string>();
  readonly #unsubscribe: () => void;
  #sweeping: Promise<void>;

  constructor(core: HostCore, home: string, largest: number = largestUpload) {
    this.#core = core;
    this.#folder = libraryPaths(home).uploads;
    this.#largest = largest;
    this.#sweeping = this.#sweep();
    this.#unsubscribe = core.subscribe((event) => {
      if (endsAnImport(event)) this.#sweeping = this.#sweeping.then(() => this.#sweep());
    });
  }

  /**
   * Takes one file in and returns its id. `body` ends with an error when the sender goes away.
   * Errors: REQUEST_INVALID for a name that is a path, FILE_TOO_LARGE beyond the limit, DISK_FULL, FILE_TRUNCATED.
   */
  async receive(body: IncomingMessage, name: string): Promise<string> {
    if (!uploadName.test(name) || name === '.' || name === '..')
      throw new DecantError('REQUEST_INVALID', 'an uploaded file needs a plain name');
    const declared = body.headers['content-length'];
    const expected = declared === undefined ? undefined : Number(declared);
    if (expected !== undefined) await this.#checkRoom(expected, name);
    const id = randomUUID();
    const folder = join(this.#folder, id);
    const path = join(folder, name);
    this.#receiving.add(id);
    try {
      await ensureFolder(folder);
      const { bytes } = await writeFileDurably(path, this.#bounded(body, name));
      if (expected !== undefined && bytes !== expected)
        throw new DecantError('FILE_TRUNCATED', `${name}: ${bytes} of ${expected} bytes arrived`);
    } catch (thrown) {
      await removeFolder(folder);
      if (body.destroyed && !body.complete)
        throw new DecantError('FILE_TRUNCATED', `${name}: the browser stopped sending`, { cause: thrown });
      throw thrown;
    } finally {
      this.#receiving.delete(id);
    }
    this.#files.set(id, { path, since: Date.now() });
    return id;
  }

  /** A grant to import uploaded files together. Errors: NOT_FOUND for an id that is unknown or too old. */
  async grant(ids: readonly string[]): Promise<string> {
    const paths = ids.map((id) => {
      const file = this.#files.get(id);
      if (file === undefined) throw new DecantError('NOT_FOUND', 'an uploaded file is no longer there: send it again');
      file.since = Date.now();
      return file.path;
    });
    const answer = await this.#core.answer('grants.create', { paths, use: 'read' }, true);
    return requests['grants.create'].output.parse(answer).grant;
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    await this.#sweeping;
  }

  async #checkRoom(bytes: number, name: string): Promise<void> {
    if (!(bytes <= this.#largest))
      throw new DecantError('FILE_TOO_LARGE', `${name} has ${bytes} bytes; at most ${this.#largest} are taken`);
    const { bavail, bsize } = await statfs(dirname(this.#folder));
    if (bytes + reserve > bavail * bsize)
      throw new DecantError('DISK_FULL', `${name} has ${bytes} bytes and ${bavail * bsize} are free`);
  }

  async *#bounded(body: IncomingMessage, name: string): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    for await (const chunk of body) {
      if (!(chunk instanceof Uint8Array)) throw new TypeError('a request body comes in bytes');
      bytes += chunk.byteLength;
      if (bytes > this.#largest)
        throw new DecantError('FILE_TOO_LARGE', `${name}: more than ${this.#largest} bytes were sent`);
      yield chunk;
    }
  }

  /** Removes the folders that no import can need any more. */
  async #sweep(): Promise<void> {
    try {
      const present = await readdir(this.#folder).catch(() => []);
      if (present.length === 0) return;
      const { needed, done } = await this.#references();
      for (const id of present) {
        const file = this.#files.get(id);
        const fresh = file !== undefined && Date.now() - file.since < lifetime && !done.has(id);
        if (fresh || needed.has(id) || this.#receiving.has(id)) continue;
        this.#files.delete(id);
        await removeFolder(join(this.#folder, id));
      }
    } catch {
      // The host is closing or the folder is in use: the next start sweeps again.
    }
  }

  async #references(): Promise<{ needed: Set<string>; done: Set<string> }> {
    const needed = new Set<string>();
    const done = new Set<string>();
    const jobs = requests['jobs.list'].output.parse(await this.#core.answer('jobs.list', {}, true));
    for (const job of jobs) {
      if (job.kind !== 'import') continue;
      const detail = z
        .object({ config: jobConfigurationSchemas.import })
        .safeParse(await this.#core.answer('jobs.get', { id: job.id }, true));
      const over = job.state === 'finished' || job.state === 'failed';
      for (const path of detail.data?.config.paths ?? []) {
        const [id, name] = relative(this.#folder, path).split(sep);
        if (id !== undefined && id !== '..' && name !== undefined) (over ? done : needed).add(id);
      }
    }
    return { needed, done };
  }
}

function endsAnImport(event: HostEvent): boolean {
  return event.type === 'job' && event.job.kind === 'import' && ['finished', 'failed'].includes(event.job.state);
}
