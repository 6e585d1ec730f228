import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type ToolVariant } from '../../shared/jobs.ts';
import { setupRevision, tensorflowVersion } from './pinned.ts';

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

/** Names of the folders of one variant, whatever version of Decant made them. */
function isFolderOf(variant: ToolVariant, name: string): boolean {
  return name.startsWith('tensorflow-') && name.endsWith(`-${variant}-${process.platform}-${process.arch}`);
}

/** The folders that other versions of Decant set this variant up in. */
export function otherFolders(variant: ToolVariant, tools: string = toolsFolder()): string[] {
  const current = tensorflowPlaces(variant, tools).folder;
  const names = existsSync(tools) ? readdirSync(tools) : [];
  return names
    .filter((name) => isFolderOf(variant, name))
    .map((name) => join(tools, name))
    .filter((path) => path !== current);
}

export function tensorflowPlaces(variant: ToolVariant, tools: string = toolsFolder()): TensorflowPlaces {
  const version = `${tensorflowVersion}-r${setupRevision}`;
  const folder = join(tools, `tensorflow-${version}-${variant}-${process.platform}-${process.arch}`);
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
