import { type Tensor } from '../../../shared/tensor.ts';
import { type Graph } from './graph/graph.ts';
import { type GraphDataType } from './graph/operations.ts';
import { optimise } from './passes/optimise.ts';
import { type Batch, type Program } from './program.ts';
import { traceProgram } from './trace/traceProgram.ts';

/** As which dtype a graph sees a tensor: bytes are masks. */
function graphDataType({ dtype }: Tensor): GraphDataType {
  if (dtype === 'float32') return 'float32';
  if (dtype === 'uint8' || dtype === 'bool') return 'bool';
  if (dtype === 'int32' || dtype === 'int64') return 'int32';
  throw new RangeError(`a program takes no ${dtype} input`);
}

/** A tensor of a batch as a graph's input: float32 and int32 as they are, int64 as int32, masks as bytes. Errors: RangeError for others. */
export function fedValues({ data, dtype }: Tensor): Float32Array | Int32Array | Uint8Array {
  if (data instanceof Float32Array || data instanceof Int32Array || data instanceof Uint8Array) return data;
  if (data instanceof BigInt64Array) return Int32Array.from(data, Number);
  throw new RangeError(`a program takes no ${dtype} input`);
}

/** A text that is equal for batches of equal shapes and dtypes with the same scalars: graphs are recorded for one of them. */
export function stepKey(batch: Batch, scalars: readonly string[]): string {
  const tensors = [...batch].map(([name, tensor]) => `${name}:${graphDataType(tensor)}[${tensor.shape.join(',')}]`);
  return [...tensors, ...scalars].join(' ');
}

/** The optimised graph of one step of a program, for state and batches of these shapes. */
export function recordStep(
  program: Program,
  state: ReadonlyMap<string, { shape: readonly number[] }>,
  batch: Batch,
  scalars: readonly string[],
): Graph {
  const traced = traceProgram(program, {
    state: new Map([...state].map(([name, { shape }]) => [name, { shape, dtype: 'float32' }])),
    batch: new Map([...batch].map(([name, tensor]) => [name, { shape: tensor.shape, dtype: graphDataType(tensor) }])),
    scalars,
  });
  return optimise(traced);
}
