import { setFlagsFromString } from 'node:v8';
import { floatTensor, type TensorMap } from '../../../../shared/tensor.ts';
import {
  type Backend,
  type Batch,
  type CompiledProgram,
  type Outputs,
  type Program,
  type Scalars,
} from '../program.ts';
import { requireState, stateKey } from '../programState.ts';
import { Recent, shapesKept } from '../recent.ts';
import { fedValues, recordStep, stepKey } from '../recordStep.ts';
import { batchInput, resultOutput, scalarInput, stateInput } from '../trace/traceProgram.ts';
import { Executable } from './executable.ts';
import { type ExecutableOptions } from './loading.ts';
import { floats, type Memory } from './memory.ts';

interface StateMemory {
  shape: readonly number[];
  memory: Memory;
  /** Whether the memory is ours: what was loaded belongs to the caller and is copied only where it would be written. */
  owned: boolean;
}

/** A program in the ONNX runtime: recorded, optimised and loaded for each shape of batch and state, of which a few are kept. */
class OnnxProgram implements CompiledProgram {
  readonly #program: Program;
  readonly #options: ExecutableOptions;
  readonly #executables = new Recent<Executable>(shapesKept);
  #state = new Map<string, StateMemory>();
  /** Of the state's shapes. */
  #stateKey = '';

  constructor(program: Program, options: ExecutableOptions) {
    this.#program = program;
    this.#options = options;
  }

  load(state: TensorMap): void {
    const loaded = requireState(this.#program, state);
    this.#state = new Map([...loaded].map(([name, { shape, data }]) => [name, { shape, memory: data, owned: false }]));
    this.#stateKey = stateKey(loaded);
  }

  async step(batch: Batch, scalars: Scalars): Promise<Outputs> {
    const executable = await this.#executable(batch, scalars);
    for (const [name, state] of this.#state) {
      if (!state.owned && executable.changesState(name)) {
        state.memory = state.memory.slice();
        state.owned = true;
      }
      executable.feed(stateInput(name), state.memory);
    }
    for (const [name, tensor] of batch) executable.feed(batchInput(name), fedValues(tensor));
    for (const [name, value] of Object.entries(scalars)) executable.feed(scalarInput(name), Float32Array.of(value));
    try {
      await executable.run();
    } catch (error) {
      // Some states are those after the step already: together they are none that a program was ever in.
      if (executable.updatesStates) this.#state.clear();
      throw error;
    }
    // Results first: they may be part of what a state was.
    const results = new Map(
      executable.results.map((name) => [name, Float32Array.from(executable.output(resultOutput(name)))]),
    );
    const before = new Map([...this.#state].map(([name, { memory }]) => [name, memory]));
    for (const [name, memory] of executable.takeStates(before)) {
      const state = this.#state.get(name);
      if (state !== undefined) state.memory = memory;
    }
    return results;
  }

  read(): Promise<TensorMap> {
    return Promise.resolve(
      new Map([...this.#state].map(([name, { shape, memory }]) => [name, floatTensor(shape, floats(memory).slice())])),
    );
  }

  dispose(): void {
    for (const executable of this.#executables.clear()) void executable.dispose();
    this.#state.clear();
  }

  async #executable(batch: Batch, scalars: Scalars): Promise<Executable> {
    if (this.#state.size < this.#program.state.length) throw new Error('load a state before the first step');
    const names = Object.keys(scalars);
    const key = `${this.#stateKey} | ${stepKey(batch, names)}`;
    const known = this.#executables.get(key);
    if (known !== undefined) return known;
    const graph = recordStep(this.#program, this.#state, batch, names);
    const executable = await Executable.create(graph, this.#options);
    for (const old of this.#executables.set(key, executable)) await old.dispose();
    return executable;
  }
}

/**
 * Programs as ONNX models in onnxruntime on the processor. Errors: Error where the runtime cannot be loaded here.
 * @param session options of the runtime's sessions besides ours, such as profiling.
 */
export async function onnxBackend(threads: number, session: ExecutableOptions['session'] = {}): Promise<Backend> {
  // The runtime returns megabytes of new memory in each step, to which V8 answers by marking the heap on other threads all the time.
  // It is a small heap: marking it at once, when it is due, spares a sixth of an update's processor time.
  setFlagsFromString('--no-incremental-marking');
  const { default: runtime } = await import('onnxruntime-node');
  return {
    name: 'onnx',
    threads,
    compiled: true,
    rowsTogether: 1024,
    compile: (program) => new OnnxProgram(program, { runtime, threads, session }),
  };
}
