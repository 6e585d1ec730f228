import { stat } from 'node:fs/promises';
import { DecantError } from '../../shared/errors.ts';
import { bundleEntries } from '../../shared/bundle.ts';
import { explainReadFailure } from '../files/failures.ts';
import { RandomAccessFile } from '../files/reading.ts';
import { openPt } from '../formats/pt.ts';
import { ptColumns, ptStateDict } from '../formats/ptTree.ts';
import { openSafetensors } from '../formats/safetensors.ts';
import { openZip } from '../formats/zip.ts';
import { isModelNames } from './checkpoints/names.ts';
import { modelOrDataFormat } from './chunkSource.ts';

async function tensorNames(path: string): Promise<string[]> {
  if ((await modelOrDataFormat(path)) === 'safetensors') {
    await using file = await openSafetensors(path);
    return [...file.entries.keys()];
  }
  await using file = await openPt(path);
  const columns = ptStateDict(file.root) ?? ptColumns(file.root);
  return [...(columns?.tensors.keys() ?? [])];
}

async function isBundle(path: string): Promise<boolean> {
  if ((await modelOrDataFormat(path)) !== 'pt') return false;
  await using file = new RandomAccessFile(path);
  return (await openZip(file)).entries.has(bundleEntries.description);
}

/**
 * What a path holds, by content: a folder is a dataset of chunks, a zip with a bundle's description is a run, another file is
 * what its tensors are named like.
 * Errors: FORMAT_UNKNOWN, those of `openPt` and `openSafetensors`, FILE_UNREADABLE.
 */
export async function recognise(path: string): Promise<'dataset' | 'checkpoint' | 'run'> {
  const isFolder = await stat(path).then(
    (status) => status.isDirectory(),
    (thrown: unknown) => {
      throw explainReadFailure(thrown, path);
    },
  );
  if (isFolder) return 'dataset';
  if (await isBundle(path)) return 'run';
  const names = await tensorNames(path);
  if (isModelNames(names)) return 'checkpoint';
  // One field is enough: what is missing is then named by the import.
  if (['obs', 'action', 'reward', 'task'].some((field) => names.includes(field))) return 'dataset';
  throw new DecantError(
    'FORMAT_UNKNOWN',
    `${path} holds neither episodes (obs, action, reward, task) nor a TD-MPC2 model nor a run`,
  );
}
