import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ExportReport } from '../../../shared/results.ts';
import { elementCount, type FloatTensor, type Tensor, type TensorMap } from '../../../shared/tensor.ts';
import { writeFileDurably } from '../../files/durable.ts';
import { ensureFolder } from '../../files/folders.ts';
import { type LibraryPaths } from '../../files/library.ts';
import { safeName } from '../../files/safeName.ts';
import { toFloat16, toFloat32 } from '../../formats/convert.ts';
import { ptChunks } from '../../formats/ptWrite.ts';
import { safetensorsStream, type LazyTensor } from '../../formats/safetensors.ts';
import { officialShapes } from './architectures.ts';
import { checkFinite, floatValues } from './floats.ts';
import { openStoredCheckpoint } from './stored.ts';

export interface ExportOptions {
  format: ExportReport['format'];
  precision: ExportReport['precision'];
  /** Receives the file; created where it is missing. */
  folder: string;
  /** Names the file, made safe for every file system. */
  name: string;
  /** Goes after the name where the folder has such a file: it may be another checkpoint's that is called the same. */
  id: string;
}

/** Largest differences met so far. */
class Deviation {
  maxAbsoluteError = 0;
  /** Relative to the largest weight of the tensor. */
  maxRelativeError = 0;

  add(exact: Float32Array, written: Float32Array): void {
    let largest = 0;
    let error = 0;
    for (let index = 0; index < exact.length; index++) {
      const value = exact[index] ?? 0;
      largest = Math.max(largest, Math.abs(value));
      error = Math.max(error, Math.abs((written[index] ?? 0) - value));
    }
    this.maxAbsoluteError = Math.max(this.maxAbsoluteError, error);
    if (largest > 0) this.maxRelativeError = Math.max(this.maxRelativeError, error / largest);
  }
}

/**
 * Writes the model of a library checkpoint (td-mpc-opt's names, no moments) as a file of its own. A file of that name stays;
 * only one that carries the id as well is replaced. `pt` is `{"model": OrderedDict}`, which torch.load(weights_only=True)
 * takes; it is in memory while it is written, safetensors one tensor at a time.
 * Errors: those of `openStoredCheckpoint`; CHECKPOINT_NAN where a weight is too large for fp16; DISK_FULL, FILE_UNWRITABLE,
 * FILE_TOO_LARGE (.pt beyond 4 GiB).
 */
export async function exportCheckpoint(
  paths: LibraryPaths,
  input: { sha256: string },
  options: ExportOptions,
): Promise<ExportReport> {
  await using stored = await openStoredCheckpoint(paths, input.sha256);
  const { format, precision } = options;
  const folder = resolve(options.folder);
  const name = safeName(options.name, 'checkpoint');
  const preferred = `${name}-${precision}.${format}`;
  const file = existsSync(join(folder, preferred))
    ? `${name}-${safeName(options.id, 'checkpoint')}-${precision}.${format}`
    : preferred;
  const deviation = new Deviation();
  const convert = async (name: string): Promise<Tensor> => {
    const exact = floatValues(await stored.file.read(name), stored.quantization.get(name));
    const written: Tensor | FloatTensor = precision === 'fp16' ? toFloat16(exact) : exact;
    const read = toFloat32(written);
    checkFinite(read.data, name, file);
    deviation.add(exact.data, read.data);
    return written;
  };
  const shapes = [...officialShapes(stored.architecture)];
  await ensureFolder(folder);
  const chunks = async (): Promise<AsyncIterable<Uint8Array> | Iterable<Uint8Array>> => {
    const dtype = precision === 'fp16' ? 'float16' : 'float32';
    if (format === 'safetensors')
      return safetensorsStream(
        shapes.map(([name, shape]): [string, LazyTensor] => [name, { dtype, shape, read: () => convert(name) }]),
        { format: 'pt' },
      );
    const tensors: TensorMap = new Map();
    for (const [name] of shapes) tensors.set(name, await convert(name));
    return ptChunks(tensors);
  };
  const written = await writeFileDurably(join(folder, file), await chunks());
  const { maxAbsoluteError, maxRelativeError } = deviation;
  const { path, bytes, sha256 } = written;
  // What the same file holds in float32: its data four bytes a weight, everything else as written.
  const weights = shapes.reduce((sum, [, shape]) => sum + elementCount(shape), 0);
  const fp32Bytes = precision === 'fp16' ? bytes + 2 * weights : bytes;
  return { file, path, bytes, fp32Bytes, sha256, format, precision, maxAbsoluteError, maxRelativeError };
}
