import { type Architecture } from '../../shared/architecture.ts';
import { elementCount, floatTensor, type FloatTensorMap } from '../../shared/tensor.ts';
import { type Net, parameterSpecifications, taskEmbedding } from '../../main/engine/tdmpc2/parameters.ts';

/**
 * Random weights of some nets and the task embedding, of deviation 0.02. Unlike fresh ones they have no layer of zeros, so that every
 * gradient is there from the first step; and they come from a generator fast enough for 80 million of them.
 */
export function benchParameters(architecture: Architecture, nets: readonly Net[], seed: number): FloatTensorMap {
  const parameters: FloatTensorMap = new Map();
  let state = (seed >>> 0) + 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) * 2 ** -32;
  };
  for (const { name, shape, initial } of parameterSpecifications(architecture)) {
    if (name !== taskEmbedding && !nets.some((net) => name.startsWith(`${net}.`))) continue;
    const values = new Float32Array(elementCount(shape));
    const isBias = initial === 'zeros' && !name.endsWith('.weight') && !/params\.8$/.test(name);
    if (initial === 'ones') values.fill(1);
    else if (!isBias)
      for (let index = 0; index < values.length; index++) values[index] = (next() - 0.5) * 0.02 * Math.sqrt(12);
    parameters.set(name, floatTensor(shape, values));
  }
  return parameters;
}
