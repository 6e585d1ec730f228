import { jobConfigurationSchemas } from '../../shared/jobs.ts';
import type { JobRecord } from '../../shared/records.ts';
import type { BundleReport, ExportReport, FileReport } from '../../shared/results.ts';
import { client, library } from '../host/host.ts';
import { bridge, hostAddress } from '../host/platform.ts';
import { checkpointOf } from '../routes/checkpoints/relations.ts';
import { drag } from './drag.svelte.ts';
import { exportKey } from './exportKey.ts';

export interface CheckpointWanted {
  checkpoint: string;
  format: ExportReport['format'];
  precision: ExportReport['precision'];
}

/** A checkpoint's model, or a run as a bundle. */
export type FileWanted = CheckpointWanted | { run: string };

/** One export job of this library, as far as it is known. */
export interface KnownExport {
  job: string;
  report: ExportReport | BundleReport | undefined;
}

/** Only so many of the newest exports are looked at: older ones are made again when they are wanted. */
const looked = 200;

/** Files that were made of checkpoints and runs, by what was wanted; found again after a reload, since they are jobs. */
class Exports {
  #known: Readonly<Record<string, KnownExport>> = $state.raw({});
  /** Job and state that were read already. */
  #seen: readonly string[] = [];

  /** Reads what jobs there are; called by whoever shows exports, and again when jobs change. */
  async look(jobs: readonly JobRecord[]): Promise<void> {
    const exports = jobs.filter((job) => job.kind === 'export' || job.kind === 'bundle').slice(0, looked);
    if (library.complete) {
      const present = Object.entries(this.#known).filter(([, { job }]) => library.job(job) !== undefined);
      if (present.length < Object.keys(this.#known).length) this.#known = Object.fromEntries(present);
    }
    const fresh = exports.filter((job) => !this.#seen.includes(`${job.id} ${job.state}`));
    this.#seen = exports.map((job) => `${job.id} ${job.state}`);
    await Promise.all(fresh.map((job) => this.#read(job.id)));
  }

  find(wanted: FileWanted): KnownExport | undefined {
    const known = this.#known[exportKey(wanted)];
    if (known === undefined || !('run' in wanted)) return known;
    // A run that went on since its bundle was made is no longer what the bundle holds.
    const endedAt = library.job(wanted.run)?.endedAt ?? '';
    return (library.job(known.job)?.createdAt ?? endedAt) < endedAt ? undefined : known;
  }

  /** Has the file made. Errors: those of export.start and bundle.start. */
  async prepare(wanted: FileWanted): Promise<void> {
    const { id } =
      'run' in wanted
        ? await client.request('bundle.start', { run: wanted.run })
        : await client.request('export.start', { ...wanted });
    this.#known = { ...this.#known, [exportKey(wanted)]: { job: id, report: undefined } };
  }

  async #read(id: string): Promise<void> {
    try {
      const { config, result, job } = await client.request('jobs.get', { id });
      const wanted = wantedOf(job, config);
      if (wanted === undefined) return;
      const key = exportKey(wanted);
      const before = this.#known[key];
      // A newer job of the same file is already known, and it is the one to follow.
      if (before !== undefined && before.job !== id && (library.job(before.job)?.ordinal ?? 0) > job.ordinal) return;
      const report = result?.kind === 'export' || result?.kind === 'bundle' ? result.report : undefined;
      this.#known = { ...this.#known, [key]: { job: id, report } };
    } catch {
      // Deleted meanwhile.
    }
  }
}

/** Files that went to a folder of the person's are theirs; the library cannot hand them out. */
function wantedOf({ kind }: JobRecord, config: unknown): FileWanted | undefined {
  if (kind === 'bundle') {
    const { data } = jobConfigurationSchemas.bundle.safeParse(config);
    return data === undefined || data.folder !== undefined ? undefined : { run: data.run };
  }
  const { data } = jobConfigurationSchemas.export.safeParse(config);
  if (data === undefined || data.folder !== undefined) return undefined;
  return { ...data, checkpoint: checkpointOf(data.checkpoint, library.checkpoints) };
}

export const exports = new Exports();

/** Where a browser fetches a finished export's file. */
export function downloadAddress(job: string): string {
  return hostAddress(`/exports/${job}`).href;
}

/**
 * Begins dragging finished exports' files out of the window: natively on the desktop, all of them; in a browser the first, which it
 * downloads to where it is dropped.
 */
export function startFileDrag(event: DragEvent, files: readonly { job: string; report: FileReport }[]): void {
  const [first] = files;
  if (first === undefined) return;
  const desktop = bridge();
  drag.own = true;
  if (desktop !== undefined) {
    event.preventDefault();
    desktop.startDrag(files.map(({ job }) => job));
    return;
  }
  if (event.dataTransfer === null) return;
  event.dataTransfer.effectAllowed = 'copy';
  event.dataTransfer.setData(
    'DownloadURL',
    `application/octet-stream:${first.report.file}:${downloadAddress(first.job)}`,
  );
}
