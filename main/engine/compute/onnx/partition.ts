import { elementCount } from '../../../../shared/tensor.ts';
import { type Graph, type Node, producerOf, type Value } from '../graph/graph.ts';
import { isHostOperation } from './hostOperations.ts';

/** Nodes that run as one model, then those that run beside it on its results. */
export interface Stage {
  nodes: readonly Node[];
  hostNodes: readonly Node[];
}

/** Cuts a graph where operations run beside the model: a value made by one of them is read by models of later stages only. */
export function partition(graph: Graph): Stage[] {
  const stageOf = new Map<Node, number>();
  const stages: { nodes: Node[]; hostNodes: Node[] }[] = [];
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
    while (stages.length <= stage) stages.push({ nodes: [], hostNodes: [] });
    (onHost ? stages[stage]?.hostNodes : stages[stage]?.nodes)?.push(node);
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
