import { type FloatTensor, type Tensor } from '../../shared/tensor.ts';
import { float16FromFloat32, float32FromBfloat16, float32FromFloat16 } from './float16.ts';

/** Integer codes stand for (code - zeroPoint) x scale; per channel along `axis` where there are several. */
export type Quantization =
  | { readonly kind: 'perTensor'; readonly scale: number; readonly zeroPoint: number }
  | {
      readonly kind: 'perChannel';
      readonly scales: Float64Array;
      readonly zeroPoints: BigInt64Array;
      readonly axis: number;
    };

function float32Data(tensor: Tensor): Float32Array {
  const { data } = tensor;
  if (data instanceof Float32Array) return data;
  if (data instanceof Uint16Array)
    return tensor.dtype === 'bfloat16' ? float32FromBfloat16(data) : float32FromFloat16(data);
  if (data instanceof BigInt64Array) return Float32Array.from(data, Number);
  return Float32Array.from(data);
}

/** Any dtype as float32 (float64 and wide integers round); a float32 tensor is returned as it is. */
export function toFloat32(tensor: Tensor): FloatTensor {
  return { dtype: 'float32', shape: tensor.shape, data: float32Data(tensor) };
}

/** Rounds to nearest even; beyond 65504 to infinity. */
export function toFloat16(tensor: FloatTensor): Tensor {
  return { dtype: 'float16', shape: tensor.shape, data: float16FromFloat32(tensor.data) };
}

/** Integer codes as the numbers that they stand for, computed in float64 and rounded once. */
export function dequantize(tensor: Tensor, quantization: Quantization): FloatTensor {
  const data = new Float32Array(tensor.data.length);
  if (quantization.kind === 'perTensor') {
    const { scale, zeroPoint } = quantization;
    for (let index = 0; index < data.length; index++)
      data[index] = (Number(tensor.data[index] ?? 0) - zeroPoint) * scale;
    return { dtype: 'float32', shape: tensor.shape, data };
  }
  const { scales, zeroPoints, axis } = quantization;
  const inner = tensor.shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  for (let index = 0; index < data.length; index++) {
    const channel = Math.floor(index / inner) % scales.length;
    data[index] = (Number(tensor.data[index] ?? 0) - Number(zeroPoints[channel] ?? 0n)) * (scales[channel] ?? NaN);
  }
  return { dtype: 'float32', shape: tensor.shape, data };
}
