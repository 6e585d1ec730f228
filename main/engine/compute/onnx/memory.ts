import { elementCount } from '../../../../shared/tensor.ts';
import { type Value } from '../graph/graph.ts';

/** Memory of a value: Uint8Array for bool. */
export type Memory = Float32Array | Int32Array | Uint8Array;

export function allocate({ shape, dtype }: Value): Memory {
  const count = elementCount(shape);
  if (dtype === 'float32') return new Float32Array(count);
  return dtype === 'int32' ? new Int32Array(count) : new Uint8Array(count);
}

/** The values of a constant. */
export function constantMemory(value: Value): Memory {
  if (value.source.kind !== 'constant') throw new Error('not a constant');
  const { data } = value.source;
  return 'values' in data ? data.values : allocate(value).fill(data.uniform);
}

/** Errors: TypeError for memory of another dtype. */
export function floats(memory: Memory | undefined): Float32Array {
  if (!(memory instanceof Float32Array)) throw new TypeError('expected float32 in memory');
  return memory;
}
