import { type Tensor, type TensorDtype } from '../../shared/tensor.ts';

const storageClasses: Record<TensorDtype, string> = {
  float32: 'FloatStorage',
  float64: 'DoubleStorage',
  float16: 'HalfStorage',
  bfloat16: 'BFloat16Storage',
  int64: 'LongStorage',
  int32: 'IntStorage',
  int16: 'ShortStorage',
  int8: 'CharStorage',
  uint8: 'ByteStorage',
  bool: 'BoolStorage',
};

/** Bytes of a protocol 2 pickle, without memo. */
class PickleBytes {
  readonly #parts: Uint8Array[] = [];

  opcodes(...bytes: number[]): this {
    this.#parts.push(Uint8Array.from(bytes));
    return this;
  }

  text(value: string): this {
    const encoded = new TextEncoder().encode(value);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, encoded.byteLength, true);
    this.opcodes(0x58);
    this.#parts.push(length, encoded);
    return this;
  }

  global(module: string, name: string): this {
    this.opcodes(0x63);
    this.#parts.push(new TextEncoder().encode(`${module}\n${name}\n`));
    return this;
  }

  /** BININT1, BININT or LONG1: the shortest of the three. */
  integer(value: number): this {
    if (value >= 0 && value < 0x100) return this.opcodes(0x4b, value);
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    if (value >= -0x80000000 && value <= 0x7fffffff) {
      view.setInt32(0, value, true);
      this.opcodes(0x4a);
      this.#parts.push(bytes.subarray(0, 4));
      return this;
    }
    view.setBigInt64(0, BigInt(value), true);
    this.opcodes(0x8a, 8);
    this.#parts.push(bytes);
    return this;
  }

  integers(values: readonly number[]): this {
    this.opcodes(0x28);
    for (const value of values) this.integer(value);
    return this.opcodes(0x74);
  }

  emptyOrderedDict(): this {
    return this.global('collections', 'OrderedDict').opcodes(0x29, 0x52);
  }

  /** `torch._utils._rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())`, the storage by persistent id. */
  tensor(key: string, tensor: Tensor): this {
    const strides = tensor.shape.map((_, axis) =>
      tensor.shape.slice(axis + 1).reduce((product, size) => product * size, 1),
    );
    this.global('torch._utils', '_rebuild_tensor_v2').opcodes(0x28);
    this.opcodes(0x28).text('storage').global('torch', storageClasses[tensor.dtype]);
    this.text(key).text('cpu').integer(tensor.data.length).opcodes(0x74, 0x51);
    this.integer(0).integers(tensor.shape).integers(strides).opcodes(0x89).emptyOrderedDict();
    return this.opcodes(0x74, 0x52);
  }

  finish(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}

/**
 * The pickle of `OrderedDict` name -> tensor, under the key "model" of a dict where asked; tensor i views the whole of storage i.
 */
export function ptPickle(tensors: readonly (readonly [string, Tensor])[], underModel: boolean): Uint8Array {
  const pickle = new PickleBytes().opcodes(0x80, 2);
  if (underModel) pickle.opcodes(0x7d).text('model');
  pickle.emptyOrderedDict().opcodes(0x28);
  for (const [index, [name, tensor]] of tensors.entries()) pickle.text(name).tensor(String(index), tensor);
  pickle.opcodes(0x75);
  if (underModel) pickle.opcodes(0x73);
  return pickle.opcodes(0x2e).finish();
}
