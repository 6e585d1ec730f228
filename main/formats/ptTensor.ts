import { DecantError } from '../../shared/errors.ts';
import { type FloatTensor, type Tensor, type TensorDtype } from '../../shared/tensor.ts';
import { dequantize, toFloat32, type Quantization } from './convert.ts';
import { boundedElementCount, bytesPerElement, dataOfBytes } from './dtypes.ts';
import { PickleForeign } from './pickleValues.ts';
import { type PtStorage } from './ptStorage.ts';

/** A view that skips around is gathered from pieces of at most so many bytes. */
const largestSpan = 64 << 20;
/** Elements that a view may have more than its storage, by strides of 0. */
const largestExpansion = 65_536;
const largestRank = 16;

/** How the codes of a quantized tensor become numbers; scales per channel are themselves tensors of the file. */
export type PtQuantization =
  | { readonly kind: 'perTensor'; readonly scale: number; readonly zeroPoint: number }
  | { readonly kind: 'perChannel'; readonly scales: PtTensor; readonly zeroPoints: PtTensor; readonly axis: number };

export interface PtView {
  /** In elements of the storage. */
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** One past the last element that a view touches, counted from its offset; 0 for an empty view. */
function spanOf(shape: readonly number[], strides: readonly number[]): number {
  let last = 0;
  for (const [axis, size] of shape.entries()) {
    if (size === 0) return 0;
    last += (size - 1) * (strides[axis] ?? 0);
  }
  return last + 1;
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] ?? 0;
    if (size !== 1 && strides[axis] !== expected) return false;
    expected *= size;
  }
  return true;
}

/**
 * A tensor of a .pt file, not read yet: a view (offset, shape, strides in elements) of a storage that it may share with others.
 * Where it was saved (a CUDA device, say) does not matter.
 */
export class PtTensor extends PickleForeign {
  readonly foreign = 'tensor';
  readonly kind = 'tensor';
  readonly storage: PtStorage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly elementCount: number;
  readonly quantization: PtQuantization | undefined;

  /** Errors: PICKLE_INVALID where the view leaves its storage, FILE_TOO_LARGE where it repeats it beyond measure. */
  constructor(storage: PtStorage, view: PtView, quantization?: PtQuantization) {
    super();
    this.storage = storage;
    this.offset = view.offset;
    this.shape = view.shape;
    this.strides = view.strides;
    this.quantization = quantization;
    const count = boundedElementCount(view.shape);
    const text = `a tensor [${view.shape.slice(0, largestRank).join(', ')}] at ${view.offset} of storage "${storage.key}"`;
    const natural = [view.offset, ...view.strides].every((value) => Number.isSafeInteger(value) && value >= 0);
    if (count === undefined || !natural || view.shape.length > largestRank || view.shape.length !== view.strides.length)
      throw new DecantError('PICKLE_INVALID', `${storage.path}: ${text} is no possible view`);
    if (view.offset + spanOf(view.shape, view.strides) > storage.elementCount)
      throw new DecantError(
        'PICKLE_INVALID',
        `${storage.path}: ${text} reaches beyond its ${storage.elementCount} elements`,
      );
    if (count > Math.max(storage.elementCount, largestExpansion))
      throw new DecantError(
        'FILE_TOO_LARGE',
        `${storage.path}: ${text} repeats its ${storage.elementCount} elements too often`,
      );
    this.elementCount = count;
  }

  get dtype(): TensorDtype {
    return this.storage.dtype;
  }

  get byteLength(): number {
    return this.elementCount * bytesPerElement[this.dtype];
  }

  /** The whole tensor, row-major; a quantized one as its integer codes. Errors: ZIP_INVALID, FILE_TRUNCATED, FILE_UNREADABLE. */
  read(): Promise<Tensor> {
    return this.#read(this.offset, this.shape);
  }

  /** Entries `start` to `start + count` of the first axis: only their bytes are read where the tensor is contiguous. */
  readRows(start: number, count: number): Promise<Tensor> {
    const [rows, ...rest] = this.shape;
    if (rows === undefined || start < 0 || count < 0 || start + count > rows)
      throw new RangeError(`rows ${start} to ${start + count} of a tensor [${this.shape.join(', ')}]`);
    return this.#read(this.offset + start * (this.strides[0] ?? 0), [count, ...rest]);
  }

  /** The whole tensor as the numbers that it stands for: halves widened, codes dequantized. */
  async readFloat32(): Promise<FloatTensor> {
    const tensor = await this.read();
    const quantization = await this.readQuantization();
    return quantization === undefined ? toFloat32(tensor) : dequantize(tensor, quantization);
  }

  async readQuantization(): Promise<Quantization | undefined> {
    const { quantization } = this;
    if (quantization?.kind !== 'perChannel') return quantization;
    const scales = (await quantization.scales.read()).data;
    const zeroPoints = (await quantization.zeroPoints.read()).data;
    return {
      kind: 'perChannel',
      scales: Float64Array.from(scales, Number),
      zeroPoints: BigInt64Array.from(zeroPoints, BigInt),
      axis: quantization.axis,
    };
  }

  async #read(offset: number, shape: readonly number[]): Promise<Tensor> {
    const { dtype, strides } = this;
    const size = bytesPerElement[dtype];
    const count = shape.reduce((product, length) => product * length, 1);
    if (count === 0) return { dtype, shape, data: dataOfBytes(dtype, new Uint8Array(0)) };
    if (isContiguous(shape, strides)) {
      const bytes = await this.storage.readBytes(offset * size, count * size);
      return { dtype, shape, data: dataOfBytes(dtype, bytes) };
    }
    const target = new Uint8Array(count * size);
    const targetStrides = shape.map((_, axis) =>
      shape.slice(axis + 1).reduce((product, length) => product * length, 1),
    );
    await this.#gather(target, { offset: 0, shape, strides: targetStrides }, offset);
    return { dtype, shape, data: dataOfBytes(dtype, target) };
  }

  /** Copies a view of the storage to `part` of the target, cutting the axis of the widest stride while the span is too wide. */
  async #gather(target: Uint8Array, part: PtView, offset: number): Promise<void> {
    const size = bytesPerElement[this.dtype];
    const { shape } = part;
    const span = spanOf(shape, this.strides);
    if (span * size <= largestSpan) {
      const source = await this.storage.readBytes(offset * size, span * size);
      copyView(source, this.strides, target, part, size);
      return;
    }
    let widest = 0;
    for (const [axis, stride] of this.strides.entries())
      if ((shape[axis] ?? 0) > 1 && ((shape[widest] ?? 0) <= 1 || stride > (this.strides[widest] ?? 0))) widest = axis;
    const slice = shape.map((length, axis) => (axis === widest ? 1 : length));
    for (let index = 0; index < (shape[widest] ?? 0); index++) {
      const targetOffset = part.offset + index * (part.strides[widest] ?? 0);
      await this.#gather(
        target,
        { offset: targetOffset, shape: slice, strides: part.strides },
        offset + index * (this.strides[widest] ?? 0),
      );
    }
  }
}

/** Copies element by element, the last axis innermost; `source` begins at the view's first element. */
function copyView(
  source: Uint8Array,
  strides: readonly number[],
  target: Uint8Array,
  part: PtView,
  size: number,
): void {
  const walk = (axis: number, from: number, to: number): void => {
    if (axis === part.shape.length) {
      for (let byte = 0; byte < size; byte++) target[to * size + byte] = source[from * size + byte] ?? 0;
      return;
    }
    for (let index = 0; index < (part.shape[axis] ?? 0); index++)
      walk(axis + 1, from + index * (strides[axis] ?? 0), to + index * (part.strides[axis] ?? 0));
  };
  walk(0, 0, part.offset);
}
