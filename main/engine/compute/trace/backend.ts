import * as tf from '@tensorflow/tfjs';
import { elementCount } from '../../../../shared/tensor.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { type Value } from '../graph/graph.ts';
import { type GraphDataType } from '../graph/operations.ts';
import { recorders } from './kernels.ts';
import { type Recorder } from './recorder.ts';

/** The name under which TF.js knows the recording backend. */
export const traceBackendName = 'trace';

function graphDataType(dtype: tf.DataType): GraphDataType {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype;
  throw new RangeError(`a graph has no ${dtype}`);
}

function numbers(values: tf.BackendValues): ArrayLike<number> {
  if (values instanceof Float32Array || values instanceof Int32Array || values instanceof Uint8Array) return values;
  throw new RangeError('a graph takes numbers only');
}

/** A TF.js backend whose tensors are values of a graph: kernels are recorded, not computed. */
class TraceBackend extends tf.KernelBackend {
  build = new GraphBuilder();
  /** The kernel that is being recorded, for messages. */
  kernel = '';
  readonly #values = new WeakMap<object, Value>();
  #count = 0;

  /** A tensor for a value. */
  tensorOf(value: Value): tf.TensorInfo {
    const dataId = {};
    this.#values.set(dataId, value);
    this.#count++;
    return { dataId, shape: [...value.shape], dtype: value.dtype };
  }

  /** Errors: Error for a tensor of another backend, or of an earlier recording. */
  graphValue(tensor: Pick<tf.TensorInfo, 'dataId'>): Value {
    const value = this.#values.get(tensor.dataId);
    if (value === undefined)
      throw new Error(`${this.kernel || 'an operation'} got a tensor from outside the recording`);
    return value;
  }

  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): object {
    return this.tensorOf(this.build.constant(numbers(values), shape, graphDataType(dtype))).dataId;
  }

  override move(dataId: object, values: tf.BackendValues, shape: number[], dtype: tf.DataType): void {
    this.#values.set(dataId, this.build.constant(numbers(values), shape, graphDataType(dtype)));
  }

  /** Errors: Error with the operation's name, unless the tensor is a constant. */
  override readSync(dataId: object): tf.BackendValues {
    const { source, shape } = this.graphValue({ dataId });
    if (source.kind !== 'constant') {
      const made = source.kind === 'node' ? `the result of ${source.node.operation.type}` : `input ${source.name}`;
      throw new Error(`data of ${made} was read while a program was recorded; a program must not depend on values`);
    }
    if ('values' in source.data) return source.data.values;
    return new Float32Array(elementCount(shape)).fill(source.data.uniform);
  }

  override read(dataId: object): Promise<tf.BackendValues> {
    return Promise.resolve(this.readSync(dataId));
  }

  override disposeData(): boolean {
    return true;
  }

  override refCount(): number {
    return 1;
  }

  override incRef(): void {
    // Values live as long as their graph.
  }

  override numDataIds(): number {
    return this.#count;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override timerAvailable(): boolean {
    return false;
  }
}

function isTensorInfo(input: unknown): input is tf.TensorInfo {
  return typeof input === 'object' && input !== null && 'dataId' in input;
}

function registerKernel(name: string, record: Recorder, backend: TraceBackend): void {
  tf.registerKernel({
    kernelName: name,
    backendName: traceBackendName,
    kernelFunc: ({ inputs, attrs }) => {
      backend.kernel = name;
      const values: Record<string, Value> = {};
      for (const [input, tensor] of Object.entries(inputs))
        if (isTensorInfo(tensor)) values[input] = backend.graphValue(tensor);
      let results: readonly Value[];
      try {
        results = record(backend.build, values, attrs);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(`cannot record ${name}: ${reason}`, { cause: error });
      }
      const tensors = results.map((value) => backend.tensorOf(value));
      const [only] = tensors;
      return only !== undefined && tensors.length === 1 && !listKernels.has(name) ? only : tensors;
    },
  });
}

/** Kernels that answer a list even where it has one entry. */
const listKernels: ReadonlySet<string> = new Set(['Unpack', 'SplitV']);

let registered: TraceBackend | undefined;

/** The recording backend, registered with TF.js when first asked for. */
export function traceBackend(): TraceBackend {
  if (registered === undefined) {
    const backend = new TraceBackend();
    tf.registerBackend(traceBackendName, () => backend, 0);
    for (const [name, record] of recorders) registerKernel(name, record, backend);
    registered = backend;
  }
  return registered;
}
