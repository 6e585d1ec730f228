import { type GraphDataType } from '../graph/operations.ts';
import { attribute, uniformTensor, valuesTensor } from './attributes.ts';
import { type AttributeMessage, type NodeMessage, type TensorMessage } from './messages.ts';

/** The only output of most operations, as the format names it: the place to look up is the operation's definition. */
const outputNames: Readonly<Record<string, string>> = {
  Neg: 'y',
  Abs: 'y',
  Sign: 'y',
  Exp: 'y',
  Log: 'y',
  Sqrt: 'y',
  Rsqrt: 'y',
  Square: 'y',
  Reciprocal: 'y',
  Tanh: 'y',
  Sigmoid: 'y',
  Relu: 'activations',
  Softplus: 'activations',
  Softmax: 'softmax',
  LogSoftmax: 'logsoftmax',
  AddV2: 'z',
  Sub: 'z',
  Mul: 'z',
  RealDiv: 'z',
  Maximum: 'z',
  Minimum: 'z',
  SquaredDifference: 'z',
  Greater: 'z',
  GreaterEqual: 'z',
  Less: 'z',
  LessEqual: 'z',
  Equal: 'z',
  NotEqual: 'z',
  LogicalAnd: 'z',
  LogicalOr: 'z',
  LogicalNot: 'y',
  IsNan: 'y',
  Cast: 'y',
  SelectV2: 'output',
  Sum: 'output',
  Mean: 'output',
  Max: 'output',
  Min: 'output',
  MatMul: 'product',
  BatchMatMulV2: 'output',
  Reshape: 'output',
  BroadcastTo: 'output',
  Transpose: 'y',
  ConcatV2: 'output',
  Slice: 'output',
  Pad: 'output',
  Tile: 'output',
  GatherV2: 'output',
  OneHot: 'output',
  TopKV2: 'values',
  Const: 'output',
  ReadVariableOp: 'value',
};

/** The nodes of a function, written one after the other. A reference is the text by which other nodes read a result. */
export class FunctionBody {
  readonly nodes: NodeMessage[] = [];
  readonly #constants = new Map<string, string>();

  /** Adds a node; returns its name. */
  add(op: string, inputs: readonly string[], attr: Readonly<Record<string, AttributeMessage>>): string {
    const name = `n${this.nodes.length}`;
    this.nodes.push({ name, op, input: [...inputs], attr: { ...attr } });
    return name;
  }

  /** Adds a node and returns the reference to its first output, or to one with another name. */
  apply(
    op: string,
    inputs: readonly string[],
    attr: Readonly<Record<string, AttributeMessage>>,
    output = outputNames[op],
  ): string {
    if (output === undefined) throw new Error(`the output of ${op} has no known name`);
    return `${this.add(op, inputs, attr)}:${output}:0`;
  }

  /** One number everywhere; equal ones are written once. */
  uniform(value: number, shape: readonly number[], dtype: GraphDataType): string {
    const key = `${dtype} ${Object.is(value, -0) ? '-0' : value} ${shape.join(',')}`;
    return this.#constant(key, dtype, () => uniformTensor(value, shape, dtype));
  }

  scalar(value: number): string {
    return this.uniform(value, [], 'float32');
  }

  /** A list of whole numbers, such as axes. */
  integers(values: readonly number[]): string {
    const key = `int32 list ${values.join(',')}`;
    return this.#constant(key, 'int32', () => valuesTensor(Int32Array.from(values), [values.length], 'int32'));
  }

  integer(value: number): string {
    return this.uniform(value, [], 'int32');
  }

  values(values: Float32Array | Int32Array | Uint8Array, shape: readonly number[], dtype: GraphDataType): string {
    return this.apply('Const', [], {
      dtype: attribute.type(dtype),
      value: attribute.tensor(valuesTensor(values, shape, dtype)),
    });
  }

  #constant(key: string, dtype: GraphDataType, make: () => TensorMessage): string {
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const made = this.apply('Const', [], { dtype: attribute.type(dtype), value: attribute.tensor(make()) });
    this.#constants.set(key, made);
    return made;
  }
}
