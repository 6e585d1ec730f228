import * as tf from '@tensorflow/tfjs';
import { GraphBuilder } from '../graph/builder.ts';
import { type Graph, type Value } from '../graph/graph.ts';
import { type GraphDataType } from '../graph/operations.ts';
import { sameShape } from '../graph/shapes.ts';
import { type Program } from '../program.ts';
import { traceBackend, traceBackendName } from './backend.ts';

/** What a program is given: shape and dtype of each tensor. */
export type InputTypes = ReadonlyMap<string, { shape: readonly number[]; dtype: GraphDataType }>;

export interface ProgramInputs {
  state: InputTypes;
  batch: InputTypes;
  /** Names; scalars are float32 []. */
  scalars: readonly string[];
}

/** Names of a recorded program's inputs and outputs: state, batch and scalars may share names, so each has a prefix. */
export const stateInput = (name: string) => `state/${name}`;
export const batchInput = (name: string) => `batch/${name}`;
export const scalarInput = (name: string) => `scalar/${name}`;
export const stateOutput = (name: string) => `state/${name}`;
export const resultOutput = (name: string) => `output/${name}`;

/**
 * Records a program for inputs of these shapes: the graph of one step, gradients included.
 * Inputs and outputs are named by the functions above. Errors: Error naming the operation where the program reads data, uses a
 * kernel or an attribute that cannot be recorded, or returns no value for a state, or one of another shape or dtype.
 */
export function traceProgram(program: Program, inputs: ProgramInputs): Graph {
  const backend = traceBackend();
  // Asking TF.js for its backend would start one where none runs.
  const previous = tf.engine().backendName;
  const build = new GraphBuilder();
  backend.build = build;
  // Switching is synchronous where the factory is; only its result comes as a promise.
  void tf.setBackend(traceBackendName);
  if (tf.engine().backendName !== traceBackendName) throw new Error('the recording backend could not be chosen');
  const outputs = new Map<string, Value>();
  try {
    tf.tidy(() => {
      const tensor = (name: string, shape: readonly number[], dtype: GraphDataType) =>
        tf.engine().makeTensorFromTensorInfo(backend.tensorOf(build.input(name, shape, dtype)));
      const all = (types: InputTypes, named: (name: string) => string) =>
        new Map([...types].map(([name, { shape, dtype }]) => [name, tensor(named(name), shape, dtype)]));
      const scalars = new Map(inputs.scalars.map((name) => [name, tensor(scalarInput(name), [], 'float32')]));
      const batch = [...all(inputs.batch, batchInput)].map(
        // A mask of bytes is a mask of numbers to the program.
        ([name, given]) => [name, given.dtype === 'bool' ? tf.cast(given, 'float32') : given] as const,
      );
      const results = program.run(all(inputs.state, stateInput), new Map(batch), scalars);
      for (const [name, before] of inputs.state) {
        const after = results.state.get(name);
        if (after === undefined) throw new RangeError(`program ${program.name} returned no state ${name}`);
        if (after.dtype !== before.dtype || !sameShape(after.shape, before.shape))
          throw new RangeError(
            `program ${program.name} made ${after.dtype} [${after.shape.join(', ')}] of state ${name} [${before.shape.join(', ')}]`,
          );
        outputs.set(stateOutput(name), backend.graphValue(after));
      }
      for (const [name, result] of results.outputs) outputs.set(resultOutput(name), backend.graphValue(result));
    });
  } finally {
    if (previous) void tf.setBackend(previous);
  }
  return build.graph(program.name, outputs);
}
