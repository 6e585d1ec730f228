import type * as onnxruntime from 'onnxruntime-node';
import { type Graph, type Node, producerOf, type Value } from '../graph/graph.ts';
import { isHostOperation } from './hostOperations.ts';
import { type Memory } from './memory.ts';
import { partition, viewOf } from './partition.ts';
import { isInput, lowerStage, type StageModel } from './stageModel.ts';

export type Runtime = Pick<typeof onnxruntime, 'InferenceSession' | 'Tensor'>;

export interface ExecutableOptions {
  runtime: Runtime;
  threads: number;
  session?: onnxruntime.InferenceSession.SessionOptions;
}

/** A stage of a graph in the runtime. */
export interface LoadedStage {
  model: StageModel;
  /** None where nothing is left for the model to do. */
  session: onnxruntime.InferenceSession | undefined;
  hostNodes: readonly Node[];
  /** Tensors around memory, as long as the memory stays the same. */
  tensors: Map<string, { memory: Memory; tensor: onnxruntime.Tensor }>;
}

/** Whether a value has memory of its own before a stage runs; a view of an input has the input's. */
function given(stage: number, stageOf: ReadonlyMap<Value, number>) {
  return (value: Value) => {
    if (isInput(value)) return true;
    const made = stageOf.get(value);
    return made !== undefined && made < stage && viewOf(value, isInput) === undefined;
  };
}

/**
 * Lowers and loads the stages of a graph, in the order in which they run. Errors: RangeError for what ONNX lacks; Error of the
 * runtime for a model that it refuses.
 */
export async function loadStages(graph: Graph, options: ExecutableOptions): Promise<LoadedStage[]> {
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
  return loaded;
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
