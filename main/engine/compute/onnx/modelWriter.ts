import { type GraphDataType } from '../graph/operations.ts';
import {
  type Attribute,
  type ElementType,
  encodeModel,
  type NodeRecord,
  type TensorRecord,
  type ValueRecord,
} from './schema.ts';

type Numbers = Float32Array | Int32Array | Uint8Array | BigInt64Array;

interface NodeOptions {
  attributes?: Readonly<Record<string, Attribute>>;
  outputs?: number;
  domain?: '' | 'com.microsoft';
}

/** Collects one ONNX model. Values are known by their names; equal constants and equal nodes are written once. */
export class ModelWriter {
  readonly #nodes: NodeRecord[] = [];
  readonly #known = new Map<string, readonly string[]>();
  readonly #constants = new Map<string, TensorRecord>();
  readonly #inputs = new Map<string, ValueRecord>();
  readonly #outputs: ValueRecord[] = [];

  /** Adds an operator; returns the names of its outputs. */
  nodes(operator: string, inputs: readonly string[], options: NodeOptions = {}): readonly string[] {
    const { attributes = {}, outputs: count = 1, domain = '' } = options;
    const key = JSON.stringify([operator, inputs, attributes, count]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const outputs = Array.from({ length: count }, (_, index) => `t${this.#nodes.length}_${index}`);
    this.#nodes.push({ operator, inputs, outputs, attributes, domain });
    this.#known.set(key, outputs);
    return outputs;
  }

  /** Adds an operator with one output. */
  node(operator: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    return only(this.nodes(operator, inputs, { attributes }));
  }

  constant(type: ElementType, shape: readonly number[], values: Numbers): string {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const key = `${type}[${shape.join(',')}]${Buffer.from(bytes).toString('base64')}`;
    const known = this.#constants.get(key);
    if (known !== undefined) return known.name;
    const name = `c${this.#constants.size}`;
    this.#constants.set(key, { name, type, shape, bytes });
    return name;
  }

  /** A float32 scalar. */
  float(value: number): string {
    return this.constant('float32', [], Float32Array.of(value));
  }

  /** int64 [n], as ONNX wants its shapes and axes. */
  integers(values: readonly number[]): string {
    return this.constant('int64', [values.length], BigInt64Array.from(values, BigInt));
  }

  input(name: string, type: GraphDataType, shape: readonly number[]): string {
    this.#inputs.set(name, { name, type, shape });
    return name;
  }

  output(name: string, type: GraphDataType, shape: readonly number[], value: string): void {
    this.#nodes.push({ operator: 'Identity', inputs: [value], outputs: [name], attributes: {}, domain: '' });
    this.#outputs.push({ name, type, shape });
  }

  /** The model with all that its outputs need and nothing else, and the names of the inputs among that. */
  encode(name: string): { bytes: Uint8Array; inputs: ReadonlySet<string> } {
    const needed = new Set(this.#outputs.map((output) => output.name));
    const nodes = [...this.#nodes].reverse().filter(({ inputs, outputs }) => {
      if (!outputs.some((output) => needed.has(output))) return false;
      inputs.forEach((input) => needed.add(input));
      return true;
    });
    const inputs = [...this.#inputs.values()].filter((input) => needed.has(input.name));
    const bytes = encodeModel({
      name,
      nodes: nodes.reverse(),
      constants: [...this.#constants.values()].filter((constant) => needed.has(constant.name)),
      inputs,
      outputs: this.#outputs,
    });
    return { bytes, inputs: new Set(inputs.map((input) => input.name)) };
  }
}

function only(names: readonly string[]): string {
  const [name] = names;
  if (name === undefined) throw new Error('an operator has an output');
  return name;
}
