import * as tf from '@tensorflow/tfjs';
import { elementCount } from '../../../../shared/tensor.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { type Graph, uniformOf } from '../graph/graph.ts';
import { interpret } from '../graph/interpret.ts';
import { type OperationType } from '../graph/operations.ts';
import { rewrite } from '../graph/rewrite.ts';
import { outputTypes } from '../graph/shapes.ts';
import { type Call, isElementwise } from './rules/patterns.ts';

/** Results with more values than this are left to the program, unless they are one number everywhere. */
const foldedValues = 65536;

/** Smaller integers pass unharmed through float32, in which results arrive. */
const exactIntegers = 2 ** 24;

/** Runs `compute` on TF.js's plain backend, which is there wherever TF.js is. */
function onCpu<Result>(compute: () => Result): Result {
  // Asking TF.js for its backend would start one where none runs.
  const previous = tf.engine().backendName;
  // Switching to it is synchronous; only its result comes as a promise.
  void tf.setBackend('cpu');
  try {
    return compute();
  } finally {
    if (previous) void tf.setBackend(previous);
  }
}

/** What an operation makes of constants, with the rounding of TF.js; undefined where float32 cannot tell. */
function evaluate({ operation, inputs }: Call): Float32Array | undefined {
  const build = new GraphBuilder();
  const constants = inputs.map((input) => build.copyConstant(input)).filter((input) => input !== undefined);
  const output = build.apply(operation, ...constants);
  const graph = build.graph('constants', new Map([['result', output]]));
  const values = onCpu(() => interpret(graph, new Map())).get('result')?.data;
  if (!(values instanceof Float32Array)) return undefined;
  const exact = output.dtype !== 'int32' || values.every((value) => Math.abs(value) < exactIntegers);
  return exact ? values : undefined;
}

/** Operations whose result holds nothing but numbers of their inputs, or means of them. */
const movesOnly: ReadonlySet<OperationType> = new Set([
  'Reshape',
  'BroadcastTo',
  'Transpose',
  'Concat',
  'Slice',
  'Tile',
  'Mean',
  'Max',
  'Min',
]);

/** The one number everywhere in what an operation makes of inputs that are one number everywhere each. */
function uniformResult({ operation, inputs }: Call): number | undefined {
  const numbers = inputs.map(uniformOf);
  const [first] = numbers;
  if (operation.type === 'Gather') return first;
  if (first === undefined || numbers.includes(undefined)) return undefined;
  if (isElementwise(operation)) {
    const build = new GraphBuilder();
    const scalars = inputs.map((input, index) => build.uniform(numbers[index] ?? first, [], input.dtype));
    return evaluate({ operation, inputs: scalars })?.[0];
  }
  if (movesOnly.has(operation.type)) return numbers.every((number) => Object.is(number, first)) ? first : undefined;
  return operation.type === 'Pad' && first === 0 ? first : undefined;
}

/** Whether an operation on constants is small enough to be computed here. */
function isFolded({ operation, inputs }: Call): boolean {
  const types = outputTypes(operation, inputs);
  const sizes = [...types, ...inputs].map(({ shape }) => elementCount(shape));
  const constant = inputs.every(({ source }) => source.kind === 'constant');
  return types.length === 1 && constant && sizes.every((size) => size <= foldedValues);
}

/** Nodes whose inputs are all constants become constants; tensors that are one number everywhere are never written out. */
export function constants(graph: Graph): Graph {
  return rewrite(graph, (call, { build }) => {
    const [type] = outputTypes(call.operation, call.inputs);
    if (type === undefined) return undefined;
    const uniform = uniformResult(call);
    if (uniform !== undefined) return [build.uniform(uniform, type.shape, type.dtype)];
    const values = isFolded(call) ? evaluate(call) : undefined;
    return values && [build.constant(values, type.shape, type.dtype)];
  });
}
