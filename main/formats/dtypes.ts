import { type Tensor, type TensorData, type TensorDtype } from '../../shared/tensor.ts';

export const bytesPerElement: Record<TensorDtype, number> = {
  float64: 8,
  int64: 8,
  float32: 4,
  int32: 4,
  float16: 2,
  bfloat16: 2,
  int16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
};

/**
 * Little-endian bytes as the array of a dtype; float16 and bfloat16 stay bits. Shares the buffer where it is aligned, else copies.
 * Every platform that Node 24 supports here is little-endian.
 */
export function dataOfBytes(dtype: TensorDtype, bytes: Uint8Array): TensorData {
  const size = bytesPerElement[dtype];
  if (bytes.byteLength % size !== 0) throw new RangeError(`${bytes.byteLength} bytes are no whole ${dtype} values`);
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  const { buffer, byteOffset } = aligned;
  const length = bytes.byteLength / size;
  switch (dtype) {
    case 'float64':
      return new Float64Array(buffer, byteOffset, length);
    case 'int64':
      return new BigInt64Array(buffer, byteOffset, length);
    case 'float32':
      return new Float32Array(buffer, byteOffset, length);
    case 'int32':
      return new Int32Array(buffer, byteOffset, length);
    case 'float16':
    case 'bfloat16':
      return new Uint16Array(buffer, byteOffset, length);
    case 'int16':
      return new Int16Array(buffer, byteOffset, length);
    case 'int8':
      return new Int8Array(buffer, byteOffset, length);
    case 'uint8':
    case 'bool':
      return new Uint8Array(buffer, byteOffset, length);
  }
}

/** The bytes of an array, without copying. */
export function bytesOfData(data: TensorData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Number of elements of a declared shape, or undefined where a size is no natural number or the product leaves 2^53. */
export function boundedElementCount(shape: readonly number[]): number | undefined {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) return undefined;
    count *= size;
    if (!Number.isSafeInteger(count)) return undefined;
  }
  return count;
}

/** Throws where a tensor's array does not hold its shape: only a mistake of ours can make one. */
export function checkTensor(name: string, tensor: Tensor): void {
  const count = boundedElementCount(tensor.shape);
  const size = bytesPerElement[tensor.dtype];
  if (count === undefined || tensor.data.length !== count || tensor.data.BYTES_PER_ELEMENT !== size)
    throw new RangeError(
      `${name}: ${tensor.dtype} [${tensor.shape.join(', ')}] does not fit an array of ${tensor.data.length} x ${tensor.data.BYTES_PER_ELEMENT} bytes`,
    );
}
