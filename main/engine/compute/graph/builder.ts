import { elementCount } from '../../../../shared/tensor.ts';
import { type ConstantData, type Graph, type Node, type Source, type Value } from './graph.ts';
import { type GraphDataType, type Operation } from './operations.ts';
import { outputTypes } from './shapes.ts';

/** The values of a constant as its dtype stores them. */
function typedValues(values: ArrayLike<number>, dtype: GraphDataType): Float32Array | Int32Array | Uint8Array {
  if (dtype === 'float32') return Float32Array.from(values);
  return dtype === 'int32' ? Int32Array.from(values) : Uint8Array.from(values, (value) => (value === 0 ? 0 : 1));
}

/** Makes a graph, node by node. */
export class GraphBuilder {
  readonly #inputs = new Map<string, Value>();
  readonly #nodes: Node[] = [];
  #values = 0;

  /** Errors: Error where the name is taken. */
  input(name: string, shape: readonly number[], dtype: GraphDataType): Value {
    if (this.#inputs.has(name)) throw new Error(`there is an input ${name} already`);
    const value = this.#value(shape, dtype, { kind: 'input', name });
    this.#inputs.set(name, value);
    return value;
  }

  uniform(number: number, shape: readonly number[], dtype: GraphDataType = 'float32'): Value {
    const stored = typedValues([number], dtype)[0] ?? 0;
    return this.#value(shape, dtype, { kind: 'constant', data: { uniform: stored } });
  }

  /** Errors: RangeError where the shape does not hold that many values. */
  constant(values: ArrayLike<number>, shape: readonly number[], dtype: GraphDataType = 'float32'): Value {
    if (values.length !== elementCount(shape))
      throw new RangeError(`[${shape.join(', ')}] does not hold ${values.length} values`);
    const typed = typedValues(values, dtype);
    const first = typed[0];
    const same = first !== undefined && typed.every((value) => Object.is(value, first));
    const data: ConstantData = same ? { uniform: first } : { values: typed };
    return this.#value(shape, dtype, { kind: 'constant', data });
  }

  /** A value of another graph, if it is a constant. */
  copyConstant(value: Value): Value | undefined {
    return value.source.kind === 'constant' ? this.#value(value.shape, value.dtype, value.source) : undefined;
  }

  /** Adds a node. Errors: RangeError where inputs do not fit. */
  node(operation: Operation, inputs: readonly Value[]): readonly Value[] {
    const outputs: Value[] = [];
    const node: Node = { operation, inputs: [...inputs], outputs };
    outputTypes(operation, inputs).forEach(({ shape, dtype }, index) => {
      outputs.push(this.#value(shape, dtype, { kind: 'node', node, index }));
    });
    this.#nodes.push(node);
    return outputs;
  }

  /** Adds a node that has one output. */
  apply(operation: Operation, ...inputs: readonly Value[]): Value {
    const [output] = this.node(operation, inputs);
    if (output === undefined) throw new Error(`${operation.type} has no output`);
    return output;
  }

  graph(name: string, outputs: ReadonlyMap<string, Value>): Graph {
    return { name, inputs: new Map(this.#inputs), nodes: [...this.#nodes], outputs };
  }

  #value(shape: readonly number[], dtype: GraphDataType, source: Source): Value {
    return { id: this.#values++, shape: [...shape], dtype, source };
  }
}
