import { DecantError } from '../../shared/errors.ts';
import { type TensorMap } from '../../shared/tensor.ts';
import { openedAs, type RandomAccessFile } from '../files/reading.ts';
import { largestPickle, unpickle } from './pickle.ts';
import { ptGlobals, storageLoader } from './ptGlobals.ts';
import { type PtStorage } from './ptStorage.ts';
import { ptStateDict, ptTree, type PtNode } from './ptTree.ts';
import { type Quantization } from './convert.ts';
import { sniffOpenFile } from './sniff.ts';
import { openZip, type ZipArchive } from './zip.ts';

const notTorch = 'is a zip archive, but not one that torch.save made';

/** An open .pt file: what it holds, with tensors that are read on demand. Close it, or use `await using`. */
export class PtFile implements AsyncDisposable {
  readonly path: string;
  /** Bytes of the file. */
  readonly size: number;
  readonly root: PtNode;
  readonly #file: RandomAccessFile;

  constructor(file: RandomAccessFile, root: PtNode) {
    this.path = file.path;
    this.size = file.size;
    this.root = root;
    this.#file = file;
  }

  /** Reads whatever was not read yet and checks the checksum of every storage. Errors: ZIP_INVALID. */
  async verify(): Promise<void> {
    const storages = new Set<PtStorage>();
    const walk = (node: PtNode): void => {
      if (node.kind === 'tensor') storages.add(node.storage);
      else if (node.kind === 'sequence') node.items.forEach(walk);
      else if ('entries' in node) node.entries.forEach(walk);
    };
    walk(this.root);
    for (const storage of storages) await storage.verify();
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The folder inside the archive under which torch put everything: it is named after the file, or "archive". */
function prefixOf(archive: ZipArchive): string {
  const pickles = [...archive.entries.keys()].filter((name) => /^([^/]+\/)?data\.pkl$/.test(name));
  const [first] = pickles;
  if (first === undefined || pickles.length > 1)
    throw new DecantError(
      'FORMAT_UNKNOWN',
      `${archive.file.path} ${notTorch}: it has ${pickles.length} entries data.pkl`,
    );
  return first.slice(0, -'data.pkl'.length);
}

async function checkByteOrder(archive: ZipArchive, prefix: string): Promise<void> {
  const entry = archive.entries.get(`${prefix}byteorder`);
  // Files of PyTorch before 2.1 do not say; they are little-endian on every machine that matters.
  if (entry === undefined) return;
  const order = entry.size <= 16 ? new TextDecoder('latin1').decode(await archive.read(entry)).trim() : '';
  if (order !== 'little')
    throw new DecantError(
      'FORMAT_UNKNOWN',
      `${archive.file.path} was saved with byte order "${order}"; only little-endian files are read. Save it again on a common machine`,
    );
}

async function parse(file: RandomAccessFile): Promise<PtNode> {
  if ((await sniffOpenFile(file)) !== 'pt')
    throw new DecantError('FORMAT_UNKNOWN', `${file.path} is no zip archive, as every .pt file is`);
  const archive = await openZip(file);
  const prefix = prefixOf(archive);
  await checkByteOrder(archive, prefix);
  const entry = archive.entries.get(`${prefix}data.pkl`);
  if (entry === undefined) throw new DecantError('FORMAT_UNKNOWN', `${file.path} ${notTorch}`);
  if (entry.size > largestPickle)
    throw new DecantError(
      'FILE_TOO_LARGE',
      `${file.path}: a pickle of ${entry.size} bytes; at most ${largestPickle} are accepted`,
    );
  const globals = ptGlobals(file.path);
  const value = unpickle(await archive.read(entry), {
    path: file.path,
    globals,
    persistentLoad: storageLoader(archive, prefix),
  });
  return ptTree(value, file.path);
}

/**
 * Opens a file of torch.save (the zip format of PyTorch 1.6 and later). Nothing in it is run, no tensor is read.
 * Errors: FILE_UNREADABLE, FILE_TRUNCATED, FILE_TOO_LARGE, ZIP_INVALID, FORMAT_UNKNOWN, PICKLE_FORBIDDEN, PICKLE_INVALID.
 */
export async function openPt(path: string): Promise<PtFile> {
  return openedAs(path, async (file) => new PtFile(file, await parse(file)));
}

/** The tensors of a checkpoint, read whole; quantized ones as codes, with what the codes stand for. */
export interface PtStateDict {
  tensors: TensorMap;
  quantization: Map<string, Quantization>;
  /** Names of entries that are no tensors. */
  others: string[];
}

/**
 * Reads the state dict of a checkpoint: a dictionary of tensors, or one under the key "model". Views that share a storage are each
 * read whole, in total at most four times the file's size and 64 MiB. Errors: those of `openPt`.
 */
export async function readPtStateDict(path: string): Promise<PtStateDict> {
  await using file = await openPt(path);
  const columns = ptStateDict(file.root);
  if (columns === undefined || columns.tensors.size === 0)
    throw new DecantError('FORMAT_UNKNOWN', `${path} holds no dictionary of tensors`);
  const total = [...columns.tensors.values()].reduce((sum, tensor) => sum + tensor.byteLength, 0);
  if (total > 4 * file.size + (64 << 20))
    throw new DecantError('FILE_TOO_LARGE', `${path}: its tensors repeat a file of ${file.size} bytes up to ${total}`);
  const result: PtStateDict = { tensors: new Map(), quantization: new Map(), others: [...columns.others.keys()] };
  for (const [name, tensor] of columns.tensors) {
    result.tensors.set(name, await tensor.read());
    const quantization = await tensor.readQuantization();
    if (quantization !== undefined) result.quantization.set(name, quantization);
  }
  return result;
}
