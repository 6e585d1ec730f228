import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What TensorFlow needs to compute on an NVIDIA card, as far as the system shows it. */
export interface NvidiaFacts {
  readonly card: boolean;
  /** The driver runs and has a card for this process. */
  readonly device: boolean;
  /** The driver's own library, which no wheel brings. */
  readonly library: boolean;
  /** CUDA_VISIBLE_DEVICES names no card. */
  readonly hidden: boolean;
}

const libraryName = 'libcuda.so.1';
const libraryFolders = [
  'usr/lib/x86_64-linux-gnu',
  'usr/lib64',
  'usr/lib',
  'usr/local/nvidia/lib64',
  'usr/lib/wsl/lib',
];

/** Looks at a Linux system below `root`. Under WSL the card is Windows', and the library says that it is one of NVIDIA. */
export async function nvidiaFacts(root = '/', environment: NodeJS.ProcessEnv = process.env): Promise<NvidiaFacts> {
  const wsl = existsSync(join(root, 'dev/dxg')) && existsSync(join(root, 'usr/lib/wsl/lib', libraryName));
  const device = wsl || existsSync(join(root, 'dev/nvidia0'));
  const visible = environment['CUDA_VISIBLE_DEVICES'];
  const chosen = (environment['LD_LIBRARY_PATH'] ?? '').split(':').filter((folder) => folder !== '');
  const folders = [...libraryFolders.map((folder) => join(root, folder)), ...chosen];
  return {
    card: device || (await hasCardOnBus(join(root, 'sys/bus/pci/devices'))),
    device,
    library: folders.some((folder) => existsSync(join(folder, libraryName))) || (await isInCache(root)),
    hidden: visible !== undefined && (visible.trim() === '' || visible.trim().startsWith('-1')),
  };
}

/** The linker's list of the libraries that it finds, in whatever folders. */
async function isInCache(root: string): Promise<boolean> {
  const list = await readFile(join(root, 'etc/ld.so.cache'), 'latin1').catch(() => '');
  return list.includes(`${libraryName}\0`);
}

async function hasCardOnBus(folder: string): Promise<boolean> {
  for (const name of await readdir(folder).catch(() => [])) {
    const read = (file: string): Promise<string> => readFile(join(folder, name, file), 'utf8').catch(() => '');
    // Class 03 is a display controller, among them those that have no display.
    if ((await read('vendor')).trim() === '0x10de' && (await read('class')).startsWith('0x03')) return true;
  }
  return false;
}

/** Why TensorFlow computes on the processor in spite of the card, in a sentence. */
export function whyNoGpu({ device, library, hidden }: NvidiaFacts): string {
  const reasons: string[] = [];
  if (!device) reasons.push('the driver of the NVIDIA card is missing or does not run (there is no /dev/nvidia0)');
  if (!library) reasons.push(`the driver's library ${libraryName} was not found`);
  if (hidden) reasons.push('CUDA_VISIBLE_DEVICES hides the card');
  if (reasons.length === 0) reasons.push('the driver may be too old, or a library does not load, which the log names');
  return `TensorFlow works on the processor and not on the NVIDIA card: ${reasons.join('; ')}`;
}

/** What a person should know before gigabytes are downloaded for a card; none is a reason to refuse. */
export function warningsForGpu(facts: NvidiaFacts): string[] {
  if (!facts.card)
    return [
      'No NVIDIA card was found on this machine: TensorFlow will compute on the processor, for which the set-up without CUDA is enough.',
    ];
  return facts.device
    ? []
    : ['The driver of the NVIDIA card is missing or does not run: without it the set-up will fail at its end.'];
}
