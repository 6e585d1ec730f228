import type { JobRecord } from '../../shared/records.ts';
import { notifications } from '../components/notifications.svelte.ts';
import { fromBridge } from '../host/bridgeErrors.ts';
import { client, library } from '../host/host.ts';
import { bridge } from '../host/platform.ts';
import { href } from '../routes/route.ts';
import { withoutUploadFolder } from './uploadFolder.ts';
import { grantUploads, uploadFile } from './upload.ts';

/** Files on their way from this browser to the host. */
export interface Upload {
  id: number;
  title: string;
  sent: number;
  total: number;
  startedAt: number;
  stop: () => void;
}

class Imports {
  uploads: readonly Upload[] = $state.raw([]);
  #nextId = 1;
  readonly #watched: string[] = [];
  /** Lists on the page that show failures themselves. */
  #lists = 0;

  constructor() {
    client.subscribe((event) => {
      if (event.type === 'job' && this.#watched.includes(event.job.id)) void this.#tellEnd(event.job);
    });
  }

  /** A list of imports is on the page: what fails is told there and not in a notice. Returns a function for when it goes. */
  addList(): () => void {
    this.#lists += 1;
    return () => {
      this.#lists -= 1;
    };
  }

  /** Asks with the desktop's own dialog; in a browser a file input does that. */
  async choose(kind: 'files' | 'folder'): Promise<void> {
    const grant = await bridge()
      ?.chooseImport(kind)
      .catch((thrown: unknown) => {
        throw fromBridge(thrown);
      });
    if (grant !== undefined) await this.#start(grant);
  }

  /** Imports files that were dropped or chosen: by their path on the desktop, by sending them from a browser. Failures become notices. */
  async take(files: readonly File[]): Promise<void> {
    if (files.length === 0) return;
    try {
      const desktop = bridge();
      if (desktop === undefined) await this.#start(await this.#upload(files));
      else await this.#start(await desktop.grantFiles(files));
    } catch (thrown) {
      notifications.fail(fromBridge(thrown));
    }
  }

  async #start(grant: string): Promise<void> {
    const { id } = await client.request('import.start', { grant });
    this.#watched.push(id);
    const job = library.job(id);
    if (job !== undefined) void this.#tellEnd(job);
  }

  async #upload(files: readonly File[]): Promise<string> {
    const controller = new AbortController();
    const id = this.#nextId;
    this.#nextId += 1;
    const [first] = files;
    const upload: Upload = {
      id,
      title: files.length === 1 ? (first?.name ?? '') : `${files.length} files`,
      sent: 0,
      total: files.reduce((sum, file) => sum + file.size, 0),
      startedAt: Date.now(),
      stop: () => {
        controller.abort();
      },
    };
    this.uploads = [...this.uploads, upload];
    try {
      const ids: string[] = [];
      let before = 0;
      for (const file of files) {
        const start = before;
        const onProgress = (bytes: number): void => {
          const sent = Math.min(start + bytes, upload.total);
          this.uploads = this.uploads.map((other) => (other.id === id ? { ...other, sent } : other));
        };
        ids.push(await uploadFile(file, onProgress, controller.signal));
        before += file.size;
      }
      return await grantUploads(ids);
    } finally {
      this.uploads = this.uploads.filter((other) => other.id !== id);
    }
  }

  /** Says how an import ended that this window began. */
  async #tellEnd(job: JobRecord): Promise<void> {
    if (job.state !== 'finished' && job.state !== 'failed') return;
    const index = this.#watched.indexOf(job.id);
    if (index === -1) return;
    this.#watched.splice(index, 1);
    if (job.state === 'failed') {
      if (job.error !== null && this.#lists === 0) notifications.report(withoutUploadFolder(job.error));
      return;
    }
    try {
      const { result, checkpoints, datasets } = await client.request('jobs.get', { id: job.id });
      const known = result?.kind === 'import' ? result.duplicates : [];
      const entries = [
        ...datasets.map(
          (made) => ({ ...made, what: 'dataset', page: '/datasets', content: made.facts.manifest }) as const,
        ),
        ...checkpoints.map(
          (made) => ({ ...made, what: 'checkpoint', page: '/checkpoints', content: made.facts.sha256 }) as const,
        ),
      ];
      for (const { id, name, what, page, content } of entries) {
        const link = { href: href(page, { id }), text: 'Show it' };
        if (known.includes(content))
          notifications.say(`The library already has this content as the ${what} ${name}: nothing was stored twice.`, {
            link,
          });
        else notifications.say(`The ${what} ${name} is in the library.`, { tone: 'success', link });
      }
      const runs = result?.kind === 'import' ? result.runs : [];
      for (const id of runs)
        notifications.say(`The run ${library.job(id)?.name ?? id} is in the library.`, {
          tone: 'success',
          link: { href: href(`/runs/${id}`), text: 'Show it' },
        });
      const knownRuns = known.filter((one) => one.startsWith('r-'));
      for (const id of knownRuns)
        notifications.say('The library already has this run: nothing was stored twice.', {
          link: { href: href(`/runs/${id}`), text: 'Show it' },
        });
      if (entries.length + runs.length + knownRuns.length === 0 && known.length > 0)
        notifications.say('The library already has exactly this content: nothing was stored twice.');
    } catch (thrown) {
      notifications.fail(thrown);
    }
  }
}

export const imports = new Imports();
