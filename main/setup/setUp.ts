import { existsSync } from 'node:fs';
import { readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ToolReport } from '../../shared/contract.ts';
import { DecantError } from '../../shared/errors.ts';
import { toolVariants, type ToolVariant } from '../../shared/jobs.ts';
import { ensureFolder, removeFiles, removeFolder, removeTemporaryFiles } from '../files/folders.ts';
import { fileBytes, folderBytes } from '../files/measure.ts';
import { claimFolder } from './claim.ts';
import { formatSize } from './formatSize.ts';
import { freeBytes } from './freeBytes.ts';
import { type NvidiaFacts, nvidiaFacts, warningsForGpu, whyNoGpu } from './nvidia.ts';
import { type Downloads, pinnedDownloads, setupSizes, tensorflowVersion } from './pinned.ts';
import { olderPlaces, tensorflowPlaces, toolsFolder, type TensorflowPlaces } from './places.ts';
import { runProgram, type RunProgram } from './programs.ts';
import { type MachineFacts, machineFacts, missingThings, requireDisk, requireMachine } from './requirements.ts';
import { Stamps } from './stamps.ts';
import { runSteps, type SetupListener, type Step } from './steps.ts';
import { tensorflowSteps } from './tensorflow.ts';
import { type CheckTensorflow } from './tensorflowWork.ts';

export interface SetUpOptions {
  readonly variant: ToolVariant;
  readonly listener: SetupListener;
  readonly signal: AbortSignal;
  /** Starts what was built and says what it is, or throws. */
  readonly check: CheckTensorflow;
  readonly tools?: string;
  /** For tests: what stands in for the programs, the downloads and the machine. */
  readonly run?: RunProgram;
  readonly downloads?: Downloads;
  readonly machine?: MachineFacts;
  readonly nvidia?: NvidiaFacts;
}

/**
 * Builds tfjs-node's binding against the TensorFlow of a PyPI wheel, in the user's tools folder; goes on where an earlier attempt stopped.
 * Errors: SETUP_UNSUPPORTED, SETUP_PROGRAM_MISSING, SETUP_DOWNLOAD_FAILED, SETUP_FAILED, DISK_FULL, IN_USE; the signal's reason.
 */
export async function setUpTensorflow(options: SetUpOptions): Promise<void> {
  const { variant, listener, signal } = options;
  const places = tensorflowPlaces(variant, options.tools);
  const downloads = options.downloads ?? pinnedDownloads(variant);
  requireMachine(options.machine ?? (await machineFacts()));
  const release = await claimFolder(places.claim);
  try {
    const check = checkFor(options);
    const work = { places, downloads, run: options.run ?? runProgram, signal, check };
    const steps = tensorflowSteps(work);
    let stamps = Stamps.read(places.stamps);
    const complete = isComplete(steps, stamps, places);
    // Someone took it away behind the stamps' back: they mean nothing then.
    if (!complete && steps.every(({ id, key }) => stamps.has(id, key))) stamps = Stamps.empty(places.stamps);
    if (complete) {
      await listener.message(`TensorFlow ${tensorflowVersion} is set up already in ${places.folder}.`);
      // The driver may have gone since, or come.
      if (variant === 'cuda') await check(places.folder);
    } else {
      await clearLeftovers(steps, stamps, places);
      await stateSizes(places, downloads, options);
    }
    await runSteps(steps, stamps, listener, signal);
    await removeOlder(variant, options.tools);
  } finally {
    await release();
  }
}

/** What killed attempts left and no step uses: it would count as work that is done. */
async function clearLeftovers(steps: readonly Step[], stamps: Stamps, places: TensorflowPlaces): Promise<void> {
  for (const step of steps) if (!stamps.has(step.id, step.key)) await step.clear?.();
  for (const entry of await readdir(places.folder, { withFileTypes: true, recursive: true }))
    if (entry.isDirectory()) await removeTemporaryFiles(join(entry.parentPath, entry.name));
  await removeTemporaryFiles(places.folder);
}

/** On a machine with an NVIDIA card the variant for it has to compute there. */
function checkFor({ variant, check, nvidia }: SetUpOptions): CheckTensorflow {
  return async (folder) => {
    const found = await check(folder);
    if (variant !== 'cuda' || found.gpu) return found;
    const facts = nvidia ?? (await nvidiaFacts());
    if (facts.card) throw new DecantError('SETUP_FAILED', whyNoGpu(facts));
    return found;
  };
}

/** What should be known before a set-up, and does not prevent it. */
async function warningsFor(variant: ToolVariant, nvidia?: NvidiaFacts): Promise<string[]> {
  return variant === 'cuda' ? warningsForGpu(nvidia ?? (await nvidiaFacts())) : [];
}

/** What it takes, before anything is downloaded. Errors: DISK_FULL. */
async function stateSizes(places: TensorflowPlaces, downloads: Downloads, options: SetUpOptions): Promise<void> {
  const { downloadBytes, installedBytes, neededBytes } = setupSizes(downloads);
  await options.listener.message(
    `TensorFlow ${tensorflowVersion} (${options.variant}): ${formatSize(downloadBytes)} to download, ` +
      `${formatSize(installedBytes)} on the disk when done, into ${places.folder}.`,
  );
  for (const warning of await warningsFor(options.variant, options.nvidia)) await options.listener.message(warning);
  await ensureFolder(places.folder);
  requireDisk(places.folder, await freeBytes(places.folder), neededBytes - (await folderBytes(places.folder)));
}

function isComplete(steps: readonly Step[], stamps: Stamps, places: TensorflowPlaces): boolean {
  return steps.every(({ id, key }) => stamps.has(id, key)) && existsSync(places.binding);
}

/** The folder of a TensorFlow that is set up; undefined where there is none, or an unfinished one. */
export function findTensorflow(
  variant: ToolVariant,
  tools?: string,
  downloads: Downloads = pinnedDownloads(variant),
): TensorflowPlaces | undefined {
  const places = tensorflowPlaces(variant, tools);
  if (!existsSync(places.binding)) return undefined;
  return isComplete(plannedSteps(places, downloads), Stamps.read(places.stamps), places) ? places : undefined;
}

/** The steps as they are compared with the stamps; nothing is run by them. */
function plannedSteps(places: TensorflowPlaces, downloads: Downloads): Step[] {
  const idle = (): Promise<never> => Promise.reject(new Error('these steps are only looked at'));
  return tensorflowSteps({ places, downloads, run: idle, check: idle, signal: new AbortController().signal });
}

/** What can be set up here and what is; `job` is for the host to fill. */
export async function listTools(tools: string = toolsFolder()): Promise<ToolReport[]> {
  const missing = missingThings(await machineFacts());
  return Promise.all(
    toolVariants.map(async (variant) => {
      const places = tensorflowPlaces(variant, tools);
      const ready = findTensorflow(variant, tools) !== undefined;
      const usedBytes = await folderBytes(places.folder);
      return {
        tool: 'tensorflow' as const,
        variant,
        version: tensorflowVersion,
        state: ready ? ('ready' as const) : usedBytes > 0 ? ('partial' as const) : ('absent' as const),
        folder: places.folder,
        ...setupSizes(pinnedDownloads(variant)),
        usedBytes,
        missing,
        warnings: await warningsFor(variant),
        job: null,
      };
    }),
  );
}

/**
 * Removes a tool, finished or not, with those that older versions of Decant set up; returns the bytes that they had. Older ones in which a
 * process works stay. Errors: IN_USE while a set-up works in it, FILE_UNWRITABLE.
 */
export async function removeTensorflow(variant: ToolVariant, tools?: string): Promise<number> {
  return (await removePlaces(tensorflowPlaces(variant, tools))) + (await removeOlder(variant, tools));
}

async function removeOlder(variant: ToolVariant, tools: string | undefined): Promise<number> {
  let bytes = 0;
  for (const places of olderPlaces(variant, tools))
    bytes += await removePlaces(places).catch((thrown: unknown) => {
      if (thrown instanceof DecantError && thrown.code === 'IN_USE') return 0;
      throw thrown;
    });
  return bytes;
}

/** The claim is held until all else is gone, and the stamps go first: what a kill leaves counts as nothing. Errors: IN_USE, FILE_UNWRITABLE. */
async function removePlaces({ folder, claim, stamps }: TensorflowPlaces): Promise<number> {
  if (!existsSync(folder)) return 0;
  const release = await claimFolder(claim);
  let bytes: number;
  try {
    const names = (await readdir(folder)).map((name) => join(folder, name)).filter((path) => path !== claim);
    bytes = (await folderBytes(folder)) - (await fileBytes(claim));
    await removeFiles([stamps]);
    for (const path of names) await removeFolder(path);
  } finally {
    await release();
  }
  // Another set-up may have begun in it since.
  await rmdir(folder).catch(() => undefined);
  return bytes;
}
