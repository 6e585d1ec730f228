import { DecantError } from '../../shared/errors.ts';
import {
  engineCommandSchema,
  type CheckpointInput,
  type DatasetInput,
  type JobFile,
  type SpoolRecord,
  type StartFile,
} from '../../shared/jobFolder.ts';
import { jobConfigurationSchemas, type JobConfiguration, type JobKind } from '../../shared/jobs.ts';
import { libraryPaths, type LibraryPaths } from '../files/library.ts';
import { readJobFile, readStartFile } from '../jobs/folder/files.ts';
import { jobPathsIn, type JobPaths } from '../jobs/folder/layout.ts';
import { SpoolWriter } from '../jobs/folder/writer.ts';
import { openHostPort, type HostPort } from './hostPort.ts';

const flushMilliseconds = 250;

/** "stopped": the job was asked to end before it was done. */
export type Outcome = 'finished' | 'stopped';

/** Why an engine was asked to end early. */
export type StopReason = 'stop' | 'hostGone';

/**
 * One attempt of one job: its inputs, its spool, and whether it was asked to stop. Everything that a job tells goes through here.
 */
export class Session implements AsyncDisposable {
  readonly paths: LibraryPaths;
  readonly folder: JobPaths;
  readonly job: JobFile;
  readonly start: StartFile;
  readonly #spool: SpoolWriter;
  readonly #host: HostPort = openHostPort();
  readonly #stop = new AbortController();
  #waiting: SpoolRecord[] = [];
  #lastFlush = 0;

  private constructor(paths: LibraryPaths, folder: JobPaths, job: JobFile, start: StartFile, spool: SpoolWriter) {
    this.paths = paths;
    this.folder = folder;
    this.job = job;
    this.start = start;
    this.#spool = spool;
  }

  /** Errors: FILE_UNREADABLE, IN_USE, DISK_FULL. */
  static async open(home: string, jobId: string): Promise<Session> {
    const paths = libraryPaths(home);
    const folder = jobPathsIn(paths, jobId);
    const job = await readJobFile(folder);
    const start = await readStartFile(folder);
    const session = new Session(paths, folder, job, start, await SpoolWriter.open(folder));
    session.#listen();
    return session;
  }

  /** Aborted when the host asks to stop or goes away; its reason is a StopReason. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  get stopReason(): StopReason | undefined {
    if (!this.signal.aborted) return undefined;
    return this.signal.reason === 'hostGone' ? 'hostGone' : 'stop';
  }

  configuration<Kind extends JobKind>(kind: Kind): JobConfiguration<Kind> {
    return jobConfigurationSchemas[kind].parse(this.job.configuration) as JobConfiguration<Kind>;
  }

  /** Errors: NOT_FOUND where the host gave no such input. */
  checkpoint(key: string): CheckpointInput {
    const input = this.start.checkpoints[key];
    if (input === undefined) throw new DecantError('NOT_FOUND', `${this.job.id} was started without a ${key}`);
    return input;
  }

  /** Errors: NOT_FOUND where the host gave no such input. */
  dataset(key: string): DatasetInput {
    const input = this.start.datasets[key];
    if (input === undefined) throw new DecantError('NOT_FOUND', `${this.job.id} was started without a ${key}`);
    return input;
  }

  /** Records go to the disk within a quarter of a second, together; order is kept. Errors: DISK_FULL. */
  async record(...records: SpoolRecord[]): Promise<void> {
    this.#waiting.push(...records);
    if (performance.now() - this.#lastFlush >= flushMilliseconds) await this.acknowledge();
  }

  /** Resolves once these records, and all before them, are on the disk. Errors: DISK_FULL. */
  async acknowledge(...records: SpoolRecord[]): Promise<void> {
    const batch = [...this.#waiting, ...records];
    this.#waiting = [];
    this.#lastFlush = performance.now();
    if (batch.length === 0) return;
    const bytes = await this.#spool.append(...batch);
    this.#host.hint({ type: 'spooled', bytes });
  }

  progress(stage: string, done: number, total: number, unit: string): Promise<void> {
    return this.record({ type: 'progress', stage, done, total, unit });
  }

  message(level: 'info' | 'warning' | 'error', text: string): Promise<void> {
    return this.record({ type: 'message', level, text });
  }

  async started(fromStep: number, machine?: { backend: string; device: string }): Promise<void> {
    const { attempt } = this.start;
    await this.acknowledge({ type: 'started', attempt, at: new Date().toISOString(), fromStep, ...machine });
    if (this.#spool.tornBytes > 0)
      await this.message(
        'warning',
        `${this.#spool.tornBytes} bytes that a killed engine had half written were cut off`,
      );
  }

  /** Gives the process channel a turn: a stop is only seen between computations. */
  breathe(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.acknowledge();
    await this.#spool.close();
  }

  #listen(): void {
    this.#host.onMessage((message) => {
      const command = engineCommandSchema.safeParse(message);
      if (command.success) this.#stop.abort(command.data.type === 'stop' ? 'stop' : 'hostGone');
    });
    this.#host.onGone(() => this.#stop.abort('hostGone'));
  }
}
