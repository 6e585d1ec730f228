import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { type ToolVariant } from '../../shared/jobs.ts';
import { setupRevision, tensorflowVersion } from './pinned.ts';
import { areStamps } from './stamps.ts';

/**
 * The folder of tools that npm does not carry: DECANT_TOOLS, or one beside the platform's folder for libraries. It belongs to the person and not
 * to a library, which may be moved or copied to another machine: a tool of a gigabyte is made for one machine and serves all libraries on it.
 */
export function toolsFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const chosen = environment['DECANT_TOOLS'];
  if (chosen !== undefined && chosen !== '') return resolve(chosen);
  if (process.platform === 'win32')
    return join(environment['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'Decant tools');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Decant tools');
  const data = environment['XDG_DATA_HOME'];
  return join(data === undefined || data === '' ? join(homedir(), '.local', 'share') : data, 'decant-tools');
}

/** Everything in the folder of one TensorFlow, named by its version. It may be moved as a whole: nothing in it holds its path. */
export interface TensorflowPlaces {
  readonly folder: string;
  /** As Python would have installed the wheels: the libraries find each other by this layout. */
  readonly site: string;
  readonly binding: string;
  readonly stamps: string;
  readonly claim: string;
  /** Only while it is set up. */
  readonly downloads: string;
  readonly sources: string;
}

/** Version and revision in the name of a set-up's folder. */
function versionIn(name: string, variant: ToolVariant): number[] | undefined {
  const found = /^tensorflow-(\d+)\.(\d+)\.(\d+)-r(\d+)-(cpu|cuda)-(.+)$/.exec(name);
  if (found?.[5] !== variant || found[6] !== `${process.platform}-${process.arch}`) return undefined;
  return found.slice(1, 5).map(Number);
}

function isOlder(version: readonly number[], other: readonly number[]): boolean {
  const index = version.findIndex((part, place) => part !== other[place]);
  return index >= 0 && (version[index] ?? 0) < (other[index] ?? 0);
}

/**
 * Where older versions of Decant set this variant up: folders that have such a name and the stamps of a set-up. Those of newer ones belong to
 * a Decant that is in use, and all else to the person.
 */
export function olderPlaces(variant: ToolVariant, tools: string = toolsFolder()): TensorflowPlaces[] {
  const current = versionIn(basename(tensorflowPlaces(variant, tools).folder), variant) ?? [];
  const entries = existsSync(tools) ? readdirSync(tools, { withFileTypes: true }) : [];
  return entries
    .filter((entry) => entry.isDirectory())
    .filter(({ name }) => isOlder(versionIn(name, variant) ?? current, current))
    .map(({ name }) => placesIn(join(tools, name)))
    .filter(({ stamps }) => areStamps(stamps));
}

export function tensorflowPlaces(variant: ToolVariant, tools: string = toolsFolder()): TensorflowPlaces {
  const version = `${tensorflowVersion}-r${setupRevision}`;
  return placesIn(join(tools, `tensorflow-${version}-${variant}-${process.platform}-${process.arch}`));
}

function placesIn(folder: string): TensorflowPlaces {
  return {
    folder,
    site: join(folder, 'site'),
    binding: join(folder, 'binding', 'tfjs_binding.node'),
    stamps: join(folder, 'steps.json'),
    claim: join(folder, 'claim.json'),
    downloads: join(folder, 'downloads'),
    sources: join(folder, 'sources'),
  };
}
