import { z } from 'zod';
import { DecantError } from '../../../shared/errors.ts';
import { type Tensor, type TensorDtype } from '../../../shared/tensor.ts';
import { type Quantization } from '../../formats/convert.ts';
import { openPt } from '../../formats/pt.ts';
import { ptStateDict } from '../../formats/ptTree.ts';
import { openSafetensors, type SafetensorsFile } from '../../formats/safetensors.ts';
import { modelOrDataFormat } from '../chunkSource.ts';
import { isModelNames, layoutOfNames, officialName, type CheckpointLayout } from './names.ts';

export interface SourceTensor {
  readonly dtype: TensorDtype;
  readonly shape: readonly number[];
  /** A quantized tensor's integer codes; what they stand for is told by `readQuantization`. */
  read(): Promise<Tensor>;
  readQuantization(): Promise<Quantization | undefined>;
}

/** A checkpoint file whose tensors go by td-mpc-opt's names and are read one at a time. */
export interface CheckpointSource extends AsyncDisposable {
  readonly path: string;
  readonly layout: CheckpointLayout;
  readonly tensors: ReadonlyMap<string, SourceTensor>;
  /** Tensors of a training state and metadata; only files of this library have them. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Checksums of what was not read. Errors: ZIP_INVALID. */
  verify(): Promise<void>;
}

/** Metadata keys of the library's own checkpoint files. */
export const quantizationKey = 'quantization';
const quantizationSchema = z.record(
  z.string(),
  z.union([
    z.strictObject({ scale: z.number(), zeroPoint: z.int() }),
    z.strictObject({ scales: z.array(z.number()), zeroPoints: z.array(z.int()), axis: z.int().nonnegative() }),
  ]),
);

/** How the tensors of a file are quantized, as its metadata say it. */
export function encodeQuantization(quantization: ReadonlyMap<string, Quantization>): string {
  const entries = [...quantization].map(([name, how]) => [
    name,
    how.kind === 'perTensor'
      ? { scale: how.scale, zeroPoint: how.zeroPoint }
      : { scales: [...how.scales], zeroPoints: [...how.zeroPoints].map(Number), axis: how.axis },
  ]);
  return JSON.stringify(Object.fromEntries(entries));
}

/** What `encodeQuantization` wrote into a file's metadata; empty for a file without. Errors: SAFETENSORS_INVALID, also for scales that do not fit. */
export function quantizationOf({ path, entries, metadata }: SafetensorsFile): Map<string, Quantization> {
  const text = metadata[quantizationKey];
  if (text === undefined) return new Map();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const parsed = quantizationSchema.safeParse(value);
  if (!parsed.success) throw new DecantError('SAFETENSORS_INVALID', `${path}: its scales cannot be read`);
  for (const [name, how] of Object.entries(parsed.data)) {
    if ('scale' in how) continue;
    const channels = entries.get(name)?.shape[how.axis];
    if (how.scales.length !== channels || how.zeroPoints.length !== channels)
      throw new DecantError('SAFETENSORS_INVALID', `${path}: the scales of tensor ${name} do not fit its channels`);
  }
  return new Map(
    Object.entries(parsed.data).map(([name, how]) => [
      name,
      'scale' in how
        ? { kind: 'perTensor', ...how }
        : {
            kind: 'perChannel',
            scales: Float64Array.from(how.scales),
            zeroPoints: BigInt64Array.from(how.zeroPoints, BigInt),
            axis: how.axis,
          },
    ]),
  );
}

function byOfficialName(tensors: ReadonlyMap<string, SourceTensor>, path: string): Map<string, SourceTensor> {
  const named = new Map<string, SourceTensor>();
  for (const [name, tensor] of tensors) {
    const official = officialName(name);
    if (official === undefined) continue;
    if (named.has(official))
      throw new DecantError('FORMAT_UNKNOWN', `${path} holds ${official} in both official layouts at once`);
    named.set(official, tensor);
  }
  return named;
}

function modelSource(
  path: string,
  tensors: ReadonlyMap<string, SourceTensor>,
  rest: Pick<CheckpointSource, 'metadata' | 'verify'> & { close: () => Promise<void> },
): CheckpointSource {
  if (!isModelNames(tensors.keys()))
    throw new DecantError(
      'FORMAT_UNKNOWN',
      `${path} holds no TD-MPC2 model: no tensor has a name like _encoder.state.0.weight`,
    );
  return {
    path,
    layout: layoutOfNames(tensors.keys()),
    tensors: byOfficialName(tensors, path),
    metadata: rest.metadata,
    verify: rest.verify,
    [Symbol.asyncDispose]: rest.close,
  };
}

async function openPtCheckpoint(path: string): Promise<CheckpointSource> {
  const file = await openPt(path);
  try {
    const tensors = ptStateDict(file.root)?.tensors ?? new Map<string, SourceTensor>();
    const verify = (): Promise<void> => file.verify();
    return modelSource(path, tensors, { metadata: {}, verify, close: () => file.close() });
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}

async function openSafetensorsCheckpoint(path: string): Promise<CheckpointSource> {
  const file = await openSafetensors(path);
  try {
    const quantization = quantizationOf(file);
    const tensors = new Map<string, SourceTensor>(
      [...file.entries].map(([name, { dtype, shape }]) => [
        name,
        {
          dtype,
          shape,
          read: () => file.read(name),
          readQuantization: () => Promise.resolve(quantization.get(name)),
        },
      ]),
    );
    const verify = (): Promise<void> => Promise.resolve();
    return modelSource(path, tensors, { metadata: file.metadata, verify, close: () => file.close() });
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}

/**
 * Opens a model checkpoint in either official layout, with or without the outer "model", as .pt or .safetensors.
 * Errors: those of `openPt` and `openSafetensors`; FORMAT_UNKNOWN where it holds no model.
 */
export async function openCheckpoint(path: string): Promise<CheckpointSource> {
  return (await modelOrDataFormat(path)) === 'pt' ? openPtCheckpoint(path) : openSafetensorsCheckpoint(path);
}
