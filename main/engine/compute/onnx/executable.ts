import type * as onnxruntime from 'onnxruntime-node';
import { elementCount } from '../../../../shared/tensor.ts';
import { type Graph, type Value } from '../graph/graph.ts';
import { resultOutput, stateInput, stateOutput } from '../trace/traceProgram.ts';
import { isHostOperation, runHostOperation } from './hostOperations.ts';
import { updatesInPlace } from './inPlace.ts';
import { type ExecutableOptions, type LoadedStage, loadStages, type Runtime } from './loading.ts';
import { allocate, constantMemory, floats, type Memory } from './memory.ts';
import { viewOf } from './partition.ts';
import { type Feed } from './stageModel.ts';

/** A graph in the ONNX runtime, in memory that is its own between steps. */
export class Executable {
  readonly #runtime: Runtime;
  readonly #graph: Graph;
  readonly #stages: readonly LoadedStage[];
  /** Memory of everything that is read outside the model that makes it; that of inputs is set before each run. */
  readonly #memory = new Map<Value, Memory>();
  /** Results of host operations that go where their input was. */
  readonly #inPlace: ReadonlyMap<Value, Value>;

  private constructor(runtime: Runtime, graph: Graph, stages: readonly LoadedStage[]) {
    this.#runtime = runtime;
    this.#graph = graph;
    this.#stages = stages;
    const inPlace = updatesInPlace(graph, stages);
    for (const { model, hostNodes } of stages) {
      for (const { value } of model.fetches) this.#memory.set(value, allocate(value));
      for (const node of hostNodes)
        for (const output of node.outputs) if (!inPlace.has(output)) this.#memory.set(output, allocate(output));
    }
    for (const node of stages.flatMap(({ hostNodes }) => hostNodes))
      for (const input of node.inputs)
        if (input.source.kind === 'constant') this.#memory.set(input, constantMemory(input));
    for (const output of graph.outputs.values())
      if (output.source.kind === 'constant') this.#memory.set(output, constantMemory(output));
    this.#inPlace = inPlace;
  }

  /** Lowers and loads a graph. Errors: RangeError for what ONNX lacks; Error of the runtime for a model that it refuses. */
  static async create(graph: Graph, options: ExecutableOptions): Promise<Executable> {
    return new Executable(options.runtime, graph, await loadStages(graph, options));
  }

  /** Sets the memory of an input. */
  feed(name: string, memory: Memory): void {
    const value = this.#graph.inputs.get(name);
    if (value === undefined) throw new RangeError(`the graph has no input ${name}`);
    if (memory.length !== elementCount(value.shape)) throw new RangeError(`${name} has ${memory.length} values`);
    this.#memory.set(value, memory);
  }

  async run(): Promise<void> {
    for (const stage of this.#stages) {
      await this.#runModel(stage);
      for (const node of stage.hostNodes) {
        if (!isHostOperation(node.operation)) throw new Error(`${node.operation.type} runs in a model`);
        runHostOperation(
          node.operation,
          node.inputs.map((input) => floats(this.#read(input))),
          node.outputs.map((output) => floats(this.#read(output))),
        );
      }
    }
  }

  /** Names of the program's results. */
  get results(): string[] {
    const prefix = resultOutput('');
    return [...this.#graph.outputs.keys()]
      .filter((name) => name.startsWith(prefix))
      .map((name) => name.slice(prefix.length));
  }

  /** The memory of an output after a run. It is written again by the next one. */
  output(name: string): Memory {
    const value = this.#graph.outputs.get(name);
    if (value === undefined) throw new RangeError(`the graph has no output ${name}`);
    return this.#read(value);
  }

  /** Whether a run writes to the memory of a state. */
  changesState(name: string): boolean {
    return this.#graph.outputs.get(stateOutput(name)) !== this.#graph.inputs.get(stateInput(name));
  }

  /** Whether a run writes to states before its end, so that one that fails may leave some of them changed. */
  get updatesStates(): boolean {
    return this.#inPlace.size > 0;
  }

  /**
   * The memory in which each state goes on after a run, given that in which it was: the same; that of the output, which the
   * executable then no longer uses; or a copy, where the output is part of an input, a constant or several outputs at once.
   */
  takeStates(before: ReadonlyMap<string, Memory>): Map<string, Memory> {
    const after = new Map<string, Memory>();
    const exchanged: [string, Value, Memory][] = [];
    for (const [name, memory] of before) {
      const value = this.#graph.outputs.get(stateOutput(name));
      if (value === undefined) throw new RangeError(`the graph has no state ${name}`);
      const found = this.#read(value);
      if (found === memory) after.set(name, memory);
      else if (this.#isExchanged(value)) exchanged.push([name, value, memory]);
      else after.set(name, found.slice());
    }
    // Last, since copies are made from the memory that is left to the executable here.
    for (const [name, value, memory] of exchanged) {
      after.set(name, this.#read(value));
      this.#memory.set(value, memory);
    }
    return after;
  }

  async dispose(): Promise<void> {
    // All of them, whichever fails.
    await Promise.all(this.#stages.map(async ({ session }) => session?.release()));
  }

  /** Whether an output has memory that nothing else reads after a run. */
  #isExchanged(value: Value): boolean {
    if (value.source.kind !== 'node' || !this.#memory.has(value)) return false;
    return [...this.#graph.outputs.values()].filter((other) => other === value).length === 1;
  }

  /** The memory that was set aside for a value or fed for it. */
  #memoryOf(value: Value): Memory | undefined {
    return this.#memory.get(this.#inPlace.get(value) ?? value);
  }

  #read(value: Value): Memory {
    const view = viewOf(value, (base) => this.#memoryOf(base) !== undefined);
    const memory = view === undefined ? undefined : this.#memoryOf(view.base);
    if (view === undefined || memory === undefined) throw new Error('a value is not in memory');
    const count = elementCount(value.shape);
    return memory.length === count ? memory : memory.subarray(view.offset, view.offset + count);
  }

  async #runModel({ model, session, tensors }: LoadedStage): Promise<void> {
    if (session === undefined) return;
    const feeds: Record<string, onnxruntime.Tensor> = {};
    for (const feed of model.feeds) feeds[feed.name] = this.#tensor(feed, tensors);
    const fetches: Record<string, onnxruntime.Tensor> = {};
    for (const { name, value } of model.fetches)
      fetches[name] = this.#tensor({ name, value, base: value, offset: 0 }, tensors);
    await session.run(feeds, fetches);
  }

  #tensor({ name, value, base, offset }: Feed, tensors: LoadedStage['tensors']): onnxruntime.Tensor {
    const memory = this.#memoryOf(base);
    if (memory === undefined) throw new Error('a value is not in memory');
    const known = tensors.get(name);
    if (known?.memory === memory) return known.tensor;
    const part = memory.subarray(offset, offset + elementCount(value.shape));
    const tensor = new this.#runtime.Tensor(value.dtype, part, [...value.shape]);
    tensors.set(name, { memory, tensor });
    return tensor;
  }
}
