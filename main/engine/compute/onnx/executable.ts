import type * as onnxruntime from 'onnxruntime-node';
import { elementCount } from '../../../../shared/tensor.ts';
import { type Graph, type Node, producerOf, type Value } from '../graph/graph.ts';
import { resultOutput, stateInput, stateOutput } from '../trace/traceProgram.ts';
import { isHostOperation, runHostOperation, updatedInputs } from './hostOperations.ts';
import { allocate, constantMemory, floats, type Memory } from './memory.ts';
import { partition, viewOf } from './partition.ts';
import { type Feed, lowerStage, type StageModel } from './stageModel.ts';

export type Runtime = Pick<typeof onnxruntime, 'InferenceSession' | 'Tensor'>;

export interface ExecutableOptions {
  runtime: Runtime;
  threads: number;
  session?: onnxruntime.InferenceSession.SessionOptions;
}

interface LoadedStage {
  model: StageModel;
  /** None where nothing is left for the model to do. */
  session: onnxruntime.InferenceSession | undefined;
  hostNodes: readonly Node[];
  /** Tensors around memory, as long as the memory stays the same. */
  tensors: Map<string, { memory: Memory; tensor: onnxruntime.Tensor }>;
}

const isInput = (value: Value) => value.source.kind === 'input';

/** Whether a value has memory of its own before a stage runs; a view of an input has the input's. */
function given(stage: number, stageOf: ReadonlyMap<Value, number>) {
  return (value: Value) => {
    if (isInput(value)) return true;
    const made = stageOf.get(value);
    return made !== undefined && made < stage && viewOf(value, isInput) === undefined;
  };
}

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
    const stages = partition(graph);
    // A model's results are there for later stages; what is made beside it is too.
    const stageOf = new Map<Value, number>();
    stages.forEach(({ nodes, hostNodes }, stage) => {
      for (const node of [...nodes, ...hostNodes]) for (const output of node.outputs) stageOf.set(output, stage);
    });
    const loaded: LoadedStage[] = [];
    try {
      for (const [index, stage] of stages.entries()) {
        const wanted = readLater(graph, stages, index, stageOf);
        const model = lowerStage(`${graph.name}-${index}`, stage, given(index, stageOf), wanted);
        const session = model.fetches.length === 0 ? undefined : await createSession(model.bytes, options);
        loaded.push({ model, session, hostNodes: stage.hostNodes, tensors: new Map() });
      }
    } catch (error) {
      for (const { session } of loaded) await session?.release();
      throw error;
    }
    return new Executable(options.runtime, graph, loaded);
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
    for (const { session } of this.#stages) await session?.release();
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

/** Values of a stage's model that are read outside it. */
function readLater(
  graph: Graph,
  stages: readonly { nodes: readonly Node[]; hostNodes: readonly Node[] }[],
  stage: number,
  stageOf: ReadonlyMap<Value, number>,
): Value[] {
  const readers = [
    ...stages.slice(stage + 1).flatMap(({ nodes }) => nodes),
    ...stages.slice(stage).flatMap(({ hostNodes }) => hostNodes),
  ];
  const read = new Set([...readers.flatMap(({ inputs }) => inputs), ...graph.outputs.values()]);
  return [...read].filter((value) => {
    const producer = producerOf(value);
    if (producer === undefined || isHostOperation(producer.operation)) return false;
    return stageOf.get(value) === stage && viewOf(value, isInput) === undefined;
  });
}

/**
 * The results of host operations that go where their input was: possible where that is a state and nothing reads the old value
 * afterwards.
 */
function updatesInPlace(
  graph: Graph,
  stages: readonly { model: StageModel; hostNodes: readonly Node[] }[],
): ReadonlyMap<Value, Value> {
  const places = new Map<Value, Value>();
  const stateValues = new Map([...graph.inputs].map(([name, value]) => [value, name]));
  const hostNodes = stages.flatMap((stage, index) => stage.hostNodes.map((node) => ({ node, index })));
  hostNodes.forEach(({ node, index: stage }, position) => {
    if (!isHostOperation(node.operation)) return;
    for (let place = 0; place < updatedInputs(node.operation); place++) {
      const [input, output] = [node.inputs[place], node.outputs[place]];
      if (input === undefined || output === undefined) continue;
      const name = stateValues.get(input);
      if (name === undefined || !name.startsWith(stateInput(''))) continue;
      const readByModel = stages.slice(stage + 1).some(({ model }) => model.feeds.some(({ base }) => base === input));
      const reads = (value: Value) => viewOf(value, isInput)?.base === input;
      const readTwice = node.inputs.filter(reads).length > 1;
      const readBeside = readTwice || hostNodes.slice(position + 1).some((later) => later.node.inputs.some(reads));
      const kept = [...graph.outputs.values()].some(reads);
      if (!readByModel && !readBeside && !kept && graph.outputs.get(name) === output) places.set(output, input);
    }
  });
  return places;
}

/** The runtime's own optimiser can trip over a valid model, which then runs as it is. */
async function createSession(
  bytes: Uint8Array,
  { runtime, threads, session }: ExecutableOptions,
): Promise<onnxruntime.InferenceSession> {
  const options: onnxruntime.InferenceSession.SessionOptions = {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // What it would print is thrown as well.
    logSeverityLevel: 4,
    // Threads that wait for work spin briefly: not at all costs a tenth of the speed on two threads, as long as the runtime does by
    // itself takes the processor from whatever else runs, this window included, and doubled the time of an update beside other work.
    extra: { session: { intra_op: { allow_spinning: '1', spin_duration_us: '100' } } },
    ...session,
  };
  try {
    return await runtime.InferenceSession.create(bytes, options);
  } catch {
    return runtime.InferenceSession.create(bytes, { ...options, graphOptimizationLevel: 'disabled' });
  }
}
