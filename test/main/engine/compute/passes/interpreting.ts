import { type Graph } from '../../../../../main/engine/compute/graph/graph.ts';
import { interpret } from '../../../../../main/engine/compute/graph/interpret.ts';
import {
  type Backend,
  type Batch,
  type CompiledProgram,
  type Program,
  type Scalars,
} from '../../../../../main/engine/compute/program.ts';
import {
  batchInput,
  resultOutput,
  scalarInput,
  stateInput,
  stateOutput,
  traceProgram,
} from '../../../../../main/engine/compute/trace/traceProgram.ts';
import { floatTensor, type Tensor, type TensorMap } from '../../../../../shared/tensor.ts';

/** A tensor as a graph is fed: masks of bytes as float32. */
function fed(tensor: Tensor): Tensor {
  return tensor.data instanceof Uint8Array ? floatTensor(tensor.shape, Float32Array.from(tensor.data)) : tensor;
}

function typesOf(tensors: ReadonlyMap<string, Tensor>) {
  return new Map(
    [...tensors].map(([name, { shape, dtype }]) => [
      name,
      { shape, dtype: dtype === 'int32' ? ('int32' as const) : ('float32' as const) },
    ]),
  );
}

/** A backend that records each step, makes of the graph what `transform` says, and interprets that. */
export function interpretingBackend(transform: (graph: Graph) => Graph): Backend {
  function compile(program: Program): CompiledProgram {
    let state: TensorMap = new Map();
    function step(batch: Batch, scalars: Scalars) {
      const tensors = new Map([...batch].map(([name, tensor]) => [name, fed(tensor)]));
      const types = { state: typesOf(state), batch: typesOf(tensors), scalars: Object.keys(scalars) };
      const graph = transform(traceProgram(program, types));
      const inputs = new Map<string, Tensor>([
        ...[...state].map(([name, tensor]) => [stateInput(name), tensor] as const),
        ...[...tensors].map(([name, tensor]) => [batchInput(name), tensor] as const),
        ...Object.entries(scalars).map(
          ([name, value]) => [scalarInput(name), floatTensor([], Float32Array.of(value))] as const,
        ),
      ]);
      const results = interpret(graph, inputs);
      const next: TensorMap = new Map();
      const outputs = new Map<string, Float32Array>();
      for (const [name, tensor] of results) {
        const owner = program.state.find((other) => stateOutput(other) === name);
        if (owner !== undefined) next.set(owner, tensor);
        else if (tensor.data instanceof Float32Array) outputs.set(name.slice(resultOutput('').length), tensor.data);
      }
      state = new Map([...state, ...next]);
      return Promise.resolve(outputs);
    }
    return {
      load: (given) => {
        state = new Map([...given].filter(([name]) => program.state.includes(name)));
      },
      step,
      read: () => Promise.resolve(state),
      dispose: () => {
        state = new Map();
      },
    };
  }
  return { name: 'interpreting', compile };
}
