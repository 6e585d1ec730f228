import * as tf from '@tensorflow/tfjs';
import { floatTensor, type Tensor, type TensorMap } from '../../../shared/tensor.ts';
import { type Backend, type Batch, type CompiledProgram, type Outputs, type Program, type Scalars } from './program.ts';
import { requireState } from './programState.ts';

/** A plain tensor on the current backend: integers become int32, masks of bytes float32. */
function toDevice({ data, shape, dtype }: Tensor): tf.Tensor {
  const dims = [...shape];
  if (data instanceof Float32Array) return tf.tensor(data, dims, 'float32');
  if (data instanceof Int32Array) return tf.tensor(data, dims, 'int32');
  if (data instanceof BigInt64Array) return tf.tensor(Int32Array.from(data, Number), dims, 'int32');
  if (data instanceof Uint8Array) return tf.tensor(Float32Array.from(data), dims, 'float32');
  throw new RangeError(`a program takes no ${dtype} input`);
}

/** Reads a tensor back as float32. */
export async function floatsOf(tensor: tf.Tensor): Promise<Float32Array> {
  const data = await tensor.data();
  return data instanceof Float32Array ? data : Float32Array.from(data);
}

/** Runs programs operation by operation on the current TF.js backend: the reference that every other backend must equal. */
class EagerProgram implements CompiledProgram {
  readonly #program: Program;
  #state = new Map<string, tf.Tensor>();

  constructor(program: Program) {
    this.#program = program;
  }

  load(state: TensorMap): void {
    const loaded = requireState(this.#program, state);
    this.dispose();
    for (const [name, tensor] of loaded) this.#state.set(name, tf.keep(toDevice(tensor)));
  }

  async step(batch: Batch, scalars: Scalars): Promise<Outputs> {
    const outputs = this.#run(batch, scalars);
    const values = new Map<string, Float32Array>();
    for (const [name, tensor] of outputs) values.set(name, await floatsOf(tensor));
    tf.dispose([...outputs.values()]);
    return values;
  }

  async read(): Promise<TensorMap> {
    const values: TensorMap = new Map();
    for (const [name, tensor] of this.#state) values.set(name, floatTensor(tensor.shape, await floatsOf(tensor)));
    return values;
  }

  dispose(): void {
    tf.dispose([...this.#state.values()]);
    this.#state = new Map();
  }

  #run(batch: Batch, scalars: Scalars): ReadonlyMap<string, tf.Tensor> {
    const before = this.#state;
    if (before.size === 0 && this.#program.state.length > 0) throw new Error('load a state before the first step');
    const next = new Map<string, tf.Tensor>();
    const results = new Map<string, tf.Tensor>();
    tf.tidy(() => {
      const inputs = new Map([...batch].map(([name, tensor]) => [name, toDevice(tensor)]));
      const coefficients = new Map(Object.entries(scalars).map(([name, value]) => [name, tf.scalar(value)]));
      const { state, outputs } = this.#program.run(before, inputs, coefficients);
      for (const name of this.#program.state) {
        const tensor = state.get(name);
        if (tensor === undefined) throw new RangeError(`program ${this.#program.name} returned no state ${name}`);
        // Cloning copies, on wasm.
        next.set(name, tf.keep(tensor));
      }
      for (const [name, tensor] of outputs) results.set(name, tf.keep(tf.clone(tensor)));
    });
    // One state's tensor may be another's now.
    const kept = new Set(next.values());
    for (const tensor of before.values()) if (!kept.has(tensor)) tensor.dispose();
    this.#state = next;
    return results;
  }
}

/** The eager backend over whichever TF.js backend `startBackend` has chosen. */
export function eagerBackend(name: string): Backend {
  // Of the eager ones only wasm keeps to one thread.
  return { name, ...(name === 'wasm' && { threads: 1 }), compile: (program) => new EagerProgram(program) };
}
