import { type Graph, type Value } from '../graph/graph.ts';
import { attribute, dataTypes, type TensorflowDataType, uniformTensor } from './attributes.ts';
import { FunctionBody } from './functionBody.ts';
import { lowerOperation } from './lowerOperation.ts';
import { type AttributeMessage, type FunctionMessage, type NodeMessage, type SavedModelMessage } from './messages.ts';

/** A tensor that a call is given or returns, and the name under which the session knows it. */
export interface Port {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: TensorflowDataType;
  /** As the session wants it: "node:output". */
  readonly port: string;
}

/** A state tensor: a variable of the session. */
export interface StatePort extends Port {
  /** Where its new value is fed, and where its value is fetched. */
  readonly value: string;
  readonly read: string;
  /** Whether a step writes it. */
  readonly written: boolean;
}

export interface LoweredProgram {
  readonly message: SavedModelMessage;
  readonly state: readonly StatePort[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

export interface ModelOptions {
  /** Names of the graph's inputs that are variables. An output of the same name is their value after the step. */
  readonly state: ReadonlySet<string>;
  /** The step must be compiled by XLA. */
  readonly compile: boolean;
}

const stepFunction = 'step_function';
const compiled = { _XlaMustCompile: attribute.bool(true) };
/**
 * TensorFlow's own optimiser passes over what it takes for a function of its data pipelines, and leaves such a one to its caller. XLA simplifies
 * the step again in any case; before it the optimiser costs a tenth of the first call, and turns 1 / sqrt(x) into its approximation.
 */
const compiledFunction = { ...compiled, _tf_data_function: attribute.bool(true) };

/** Fetched to set all variables. They are set and read together: TensorFlow plans the whole graph anew for each set of names that is fetched. */
export const setPort = 'set:0';

/**
 * A graph as a SavedModel: the step is one function over inputs and variables, and two more calls set and read the variables, so that only batch
 * and scalars go in and only outputs come out. Weights are never part of the model, which therefore stays far below protobuf's limit.
 * Errors: RangeError for an operation or attribute that is not known, Error for an output that has no input of its name among the state.
 */
export function lowerProgram(graph: Graph, options: ModelOptions): LoweredProgram {
  const body = new FunctionBody();
  const references = new Map<Value, string>();
  const state: StatePort[] = [];
  const inputs: Port[] = [];
  const reads: string[] = [];
  for (const [name, value] of graph.inputs) {
    const { shape, dtype } = value;
    if (options.state.has(name)) {
      const index = state.length;
      const read = body.add('ReadVariableOp', [`v${index}`], { dtype: attribute.type(dtype) });
      reads.push(`^${read}`);
      references.set(value, `${read}:value:0`);
      const after = graph.outputs.get(name);
      const written = after !== undefined && after !== value;
      state.push({ name, shape, dtype, port: `v${index}`, ...statePorts(index), written });
    } else {
      references.set(value, `x${inputs.length}`);
      inputs.push({ name, shape, dtype, port: `in${inputs.length}:0` });
    }
  }
  const read = (value: Value): string => {
    const known = references.get(value) ?? constant(body, value);
    references.set(value, known);
    return known;
  };
  for (const node of graph.nodes) {
    const results = lowerOperation(body, node, node.inputs.map(read));
    node.outputs.forEach((output, index) => {
      const result = results[index];
      if (result === undefined) throw new Error(`${node.operation.type} lacks output ${index}`);
      references.set(output, result);
    });
  }

  // After every read: a step computes with the state as it was before it.
  const allRead = body.add('NoOp', reads, {});
  const controls: string[] = [];
  for (const variable of state) {
    const after = graph.outputs.get(variable.name);
    if (after === undefined || !variable.written) continue;
    const assign = body.add('AssignVariableOp', [variable.port, read(after), `^${allRead}`], {
      dtype: attribute.type('float32'),
      validate_shape: attribute.bool(false),
    });
    controls.push(assign);
  }
  const outputs: Port[] = [];
  const results: string[] = [];
  for (const [name, value] of graph.outputs) {
    if (options.state.has(name)) continue;
    outputs.push({ name, shape: value.shape, dtype: 'float32', port: `call:${outputs.length}` });
    results.push(value.dtype === 'float32' ? read(value) : castToFloat(body, read(value), value.dtype));
  }
  // A function that returns nothing cannot be fetched.
  if (outputs.length === 0) {
    outputs.push({ name: '', shape: [], dtype: 'float32', port: 'call:0' });
    results.push(body.scalar(0));
  }
  const step = functionMessage(body, state, inputs, results, controls, options.compile);
  return { message: { nodes: topLevel(state, inputs, outputs, options), functions: [step] }, state, inputs, outputs };
}

function statePorts(index: number): Pick<StatePort, 'value' | 'read'> {
  return { value: `value${index}:0`, read: `read${index}:0` };
}

function castToFloat(body: FunctionBody, reference: string, from: TensorflowDataType): string {
  return body.apply('Cast', [reference], {
    SrcT: attribute.type(from),
    DstT: attribute.type('float32'),
    Truncate: attribute.bool(false),
  });
}

function constant(body: FunctionBody, { source, shape, dtype }: Value): string {
  if (source.kind !== 'constant') throw new Error('a value is read before it is made');
  return 'uniform' in source.data
    ? body.uniform(source.data.uniform, shape, dtype)
    : body.values(source.data.values, shape, dtype);
}

function functionMessage(
  body: FunctionBody,
  state: readonly StatePort[],
  inputs: readonly Port[],
  results: readonly string[],
  controls: readonly string[],
  compile: boolean,
): FunctionMessage {
  return {
    signature: {
      name: stepFunction,
      inputArg: [
        ...inputs.map(({ dtype }, index) => ({ name: `x${index}`, type: dataTypes[dtype] })),
        ...state.map(({ port }) => ({ name: port, type: dataTypes.resource })),
      ],
      outputArg: results.map((_, index) => ({ name: `y${index}`, type: dataTypes.float32 })),
      isStateful: true,
      controlOutput: [...controls],
    },
    nodeDef: body.nodes,
    ret: Object.fromEntries(results.map((reference, index) => [`y${index}`, reference])),
    controlRet: Object.fromEntries(controls.map((name) => [name, name])),
    attr: compile ? compiledFunction : {},
  };
}

function topLevel(
  state: readonly StatePort[],
  inputs: readonly Port[],
  outputs: readonly Port[],
  options: ModelOptions,
): NodeMessage[] {
  const nodes: NodeMessage[] = [];
  const add = (name: string, op: string, input: string[], attr: Record<string, AttributeMessage>): void => {
    nodes.push({ name, op, input, attr });
  };
  const node = (port: string): string => port.slice(0, port.indexOf(':'));
  for (const { port, value, read, shape } of state) {
    const dtype = attribute.type('float32');
    add(port, 'VarHandleOp', [], {
      dtype,
      shape: attribute.shape(shape),
      shared_name: attribute.text(port),
      container: attribute.text(''),
    });
    add(node(value), 'Placeholder', [], { dtype, shape: attribute.shape(shape) });
    add(`${port}_assign`, 'AssignVariableOp', [port, node(value)], { dtype });
    add(node(read), 'ReadVariableOp', [port], { dtype });
  }
  add(
    node(setPort),
    'Const',
    state.map(({ port }) => `^${port}_assign`),
    {
      dtype: attribute.type('float32'),
      value: attribute.tensor(uniformTensor(1, [], 'float32')),
    },
  );
  for (const { port, dtype, shape } of inputs)
    add(node(port), 'Placeholder', [], { dtype: attribute.type(dtype), shape: attribute.shape(shape) });
  add('call', 'StatefulPartitionedCall', [...inputs.map(({ port }) => node(port)), ...state.map(({ port }) => port)], {
    Tin: attribute.types([...inputs.map(({ dtype }) => dtype), ...state.map(() => 'resource' as const)]),
    Tout: attribute.types(outputs.map(({ dtype }) => dtype)),
    f: attribute.function(stepFunction),
    config: attribute.text(''),
    config_proto: attribute.text(''),
    executor_type: attribute.text(''),
    ...(options.compile ? compiled : {}),
  });
  return nodes;
}
