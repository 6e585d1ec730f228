import { DecantError } from '../../../shared/errors.ts';
import { type FloatTensor, type Tensor } from '../../../shared/tensor.ts';
import { dequantize, toFloat32, type Quantization } from '../../formats/convert.ts';

/** Metadata of a model file: nothing that depends on where the weights came from. */
export const architectureKey = 'architecture';

/** Errors: CHECKPOINT_NAN naming the tensor. */
export function checkFinite(values: Float32Array, name: string, file: string): void {
  for (let index = 0; index < values.length; index++)
    if (!Number.isFinite(values[index]))
      throw new DecantError('CHECKPOINT_NAN', `${file}: tensor ${name} holds ${values[index]} at position ${index}`);
}

/** The numbers that a stored tensor stands for. */
export function floatValues(tensor: Tensor, quantization: Quantization | undefined): FloatTensor {
  return quantization === undefined ? toFloat32(tensor) : dequantize(tensor, quantization);
}
