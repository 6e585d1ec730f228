import { existsSync } from 'node:fs';
import { DecantError } from '../../shared/errors.ts';
import { removeFolder } from '../files/folders.ts';
import { type Downloads } from './pinned.ts';
import { type TensorflowPlaces } from './places.ts';
import { lastLines, type ProgramRun, type RunProgram } from './programs.ts';

/** Starts the TensorFlow in a folder and computes with it; says what it is, and whether it uses a GPU. */
export type CheckTensorflow = (folder: string) => Promise<{ text: string; gpu: boolean }>;

export interface TensorflowWork {
  readonly places: TensorflowPlaces;
  readonly downloads: Downloads;
  readonly run: RunProgram;
  readonly signal: AbortSignal;
  /** Starts what was built and says what it is, or throws. */
  readonly check: CheckTensorflow;
}

export async function removeIfThere(folder: string): Promise<void> {
  if (existsSync(folder)) await removeFolder(folder);
}

/** Has a program download. Errors: SETUP_DOWNLOAD_FAILED with what it printed last. */
export async function download(work: TensorflowWork, what: string, run: ProgramRun): Promise<void> {
  const { status, printed } = await work.run(run, work.signal);
  if (status !== 0) throw new DecantError('SETUP_DOWNLOAD_FAILED', `${what}: ${lastLines(printed)}`);
}
