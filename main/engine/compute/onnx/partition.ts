import { elementCount } from '../../../../shared/tensor.ts';
import { type Graph, type Node, producerOf, type Value } from '../graph/graph.ts';
import { batchInput } from '../trace/traceProgram.ts';
import { isHostOperation } from './hostOperations.ts';

/** Nodes that run as one model, then those that run beside it on its results. */
export interface Stage {
  nodes: readonly Node[];
  hostNodes: readonly Node[];
}

/** The first stage in which each node can run. */
function earliestStages(graph: Graph): Map<Node, number> {
  const stageOf = new Map<Node, number>();
  for (const node of graph.nodes) {
    const onHost = isHostOperation(node.operation);
    let stage = 0;
    for (const input of node.inputs) {
      const producer = producerOf(input);
      const made = producer === undefined ? 0 : (stageOf.get(producer) ?? 0);
      const waits = producer !== undefined && isHostOperation(producer.operation) && !onHost;
      stage = Math.max(stage, waits ? made + 1 : made);
    }
    stageOf.set(node, stage);
  }
  return stageOf;
}

/**
 * Moves what is made of the batch alone to the stage that reads it: what a model returns is copied, what it is given is not, and
 * the batch is there in every stage.
 */
function moveToReaders(graph: Graph, stageOf: Map<Node, number>): void {
  const ofBatch = (value: Value): boolean => {
    const { source } = value;
    if (source.kind === 'input') return source.name.startsWith(batchInput(''));
    return source.kind === 'constant' || movable.has(source.node);
  };
  const movable = new Set<Node>();
  for (const node of graph.nodes) if (!isHostOperation(node.operation) && node.inputs.every(ofBatch)) movable.add(node);
  const returned = new Set(graph.outputs.values());
  const firstReader = new Map<Value, number>();
  for (const node of [...graph.nodes].reverse()) {
    const stage = stageOf.get(node) ?? 0;
    const read = Math.min(...node.outputs.map((output) => firstReader.get(output) ?? Infinity));
    const moves = movable.has(node) && Number.isFinite(read) && !node.outputs.some((output) => returned.has(output));
    const final = moves ? Math.max(stage, read) : stage;
    stageOf.set(node, final);
    for (const input of node.inputs) firstReader.set(input, Math.min(firstReader.get(input) ?? Infinity, final));
  }
}

/** Cuts a graph where operations run beside the model: a value made by one of them is read by models of later stages only. */
export function partition(graph: Graph): Stage[] {
  const stageOf = earliestStages(graph);
  moveToReaders(graph, stageOf);
  const stages: { nodes: Node[]; hostNodes: Node[] }[] = [];
  for (const node of graph.nodes) {
    const stage = stageOf.get(node) ?? 0;
    while (stages.length <= stage) stages.push({ nodes: [], hostNodes: [] });
    (isHostOperation(node.operation) ? stages[stage]?.hostNodes : stages[stage]?.nodes)?.push(node);
  }
  return stages;
}

/** Part of the memory of another value. */
export interface View {
  base: Value;
  /** In elements. */
  offset: number;
}

/** Where a slice begins in the memory of what it is cut from, if all of it lies together there. */
function contiguousOffset(
  shape: readonly number[],
  begin: readonly number[],
  size: readonly number[],
): number | undefined {
  const firstCut = size.findIndex((length) => length !== 1);
  const rest = firstCut < 0 ? [] : shape.slice(firstCut + 1);
  const whole = rest.every((length, index) => size[firstCut + 1 + index] === length);
  if (!whole) return undefined;
  return begin.reduce((offset, start, axis) => offset + start * elementCount(shape.slice(axis + 1)), 0);
}

/**
 * The memory in which a value lies where it is only a part or another shape of one that a model is given, which spares the copy
 * that the runtime would make.
 * @param given whether a value is in memory of ours before the model runs.
 */
export function viewOf(value: Value, given: (value: Value) => boolean): View | undefined {
  if (given(value)) return { base: value, offset: 0 };
  const producer = producerOf(value);
  const [input] = producer?.inputs ?? [];
  if (producer === undefined || input === undefined) return undefined;
  const { operation } = producer;
  if (operation.type === 'Reshape') return viewOf(input, given);
  if (operation.type !== 'Slice') return undefined;
  const offset = contiguousOffset(input.shape, operation.begin, operation.size);
  const outer = offset === undefined ? undefined : viewOf(input, given);
  return outer === undefined || offset === undefined ? undefined : { base: outer.base, offset: outer.offset + offset };
}
