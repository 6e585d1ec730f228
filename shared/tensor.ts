/**
 * A plain tensor: what files, data and models exchange. Row-major, no strides; owns nothing but its buffer.
 */
export type TensorDtype =
  'float32' | 'float16' | 'bfloat16' | 'float64' | 'int64' | 'int32' | 'int16' | 'int8' | 'uint8' | 'bool';

export type TensorData =
  | Float32Array
  | Float64Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Uint16Array // float16 and bfloat16 travel as their bits
  | Int8Array
  | Uint8Array;

export interface Tensor {
  readonly dtype: TensorDtype;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** A float32 tensor, the only kind that the engine computes with. */
export interface FloatTensor {
  readonly dtype: 'float32';
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export type TensorMap = Map<string, Tensor>;
/** Parameters by their official names, e.g. `_encoder.state.0.weight`. */
export type FloatTensorMap = Map<string, FloatTensor>;

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** A float32 tensor, zeros without data. Errors: RangeError where the data do not fill the shape. */
export function floatTensor(
  shape: readonly number[],
  data: Float32Array = new Float32Array(elementCount(shape)),
): FloatTensor {
  if (data.length !== elementCount(shape))
    throw new RangeError(`shape [${shape.join(', ')}] does not hold ${data.length} values`);
  return { dtype: 'float32', shape, data };
}
