import fc from 'fast-check';
import { dataOfBytes } from '../../../main/formats/dtypes.ts';
import { type Tensor, type TensorDtype } from '../../../shared/tensor.ts';

const dtypes: [TensorDtype, number][] = [
  ['float64', 8],
  ['float32', 4],
  ['float16', 2],
  ['bfloat16', 2],
  ['int64', 8],
  ['int32', 4],
  ['int16', 2],
  ['int8', 1],
  ['uint8', 1],
  ['bool', 1],
];

/** Tensors of every dtype and of the given shapes, with any bytes. */
export function tensorsOf(shapes: fc.Arbitrary<number[]>): fc.Arbitrary<Tensor> {
  return fc
    .record({ dtype: fc.constantFrom(...dtypes), shape: shapes, seed: fc.nat(255) })
    .map(({ dtype: [dtype, size], shape, seed }) => {
      const count = shape.reduce((product, length) => product * length, 1);
      const bytes = Uint8Array.from({ length: count * size }, (_, index) => (seed + index * 7) & 0xff);
      return { dtype, shape, data: dataOfBytes(dtype, bytes) };
    });
}
