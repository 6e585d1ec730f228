import { type Value } from '../graph/graph.ts';
import { lowerConstant, lowerNode } from './lowering.ts';
import { ModelWriter } from './modelWriter.ts';
import { type Stage, type View, viewOf } from './partition.ts';

/** What a model is given: part of the memory of a value. */
export interface Feed extends View {
  name: string;
  value: Value;
}

export interface Fetch {
  name: string;
  value: Value;
}

/** Whether a value is fed before a step, so that it is in memory in every stage. */
export function isInput({ source }: Value): boolean {
  return source.kind === 'input';
}

/** One stage of a graph as an ONNX model. */
export interface StageModel {
  bytes: Uint8Array;
  feeds: readonly Feed[];
  fetches: readonly Fetch[];
}

/**
 * Lowers the nodes of a stage. Errors: RangeError for an operation that ONNX lacks.
 * @param given whether a value is in memory before the stage runs. @param wanted the values of the stage that are read after it.
 */
export function lowerStage(
  name: string,
  stage: Stage,
  given: (value: Value) => boolean,
  wanted: readonly Value[],
): StageModel {
  const writer = new ModelWriter();
  const names = new Map<Value, string>();
  const feeds = new Map<string, Feed>();

  function nameOf(value: Value): string {
    const known = names.get(value);
    if (known !== undefined) return known;
    const view = viewOf(value, given);
    const made = view === undefined ? lowerConstant(writer, value) : feed(value, view);
    names.set(value, made);
    return made;
  }

  function feed(value: Value, { base, offset }: View): string {
    const input = `v${base.id}_${offset}_${value.shape.join('x')}`;
    feeds.set(input, { name: input, value, base, offset });
    return writer.input(input, value.dtype, value.shape);
  }

  for (const node of stage.nodes) {
    if (node.outputs.every((output) => viewOf(output, given) !== undefined)) continue;
    lowerNode(writer, node, nameOf).forEach((output, index) => {
      const value = node.outputs[index];
      if (value !== undefined) names.set(value, output);
    });
  }
  const fetches = wanted.map((value) => ({ name: `o${value.id}`, value }));
  for (const { name: output, value } of fetches) writer.output(output, value.dtype, value.shape, nameOf(value));
  const { bytes, inputs } = writer.encode(name);
  return { bytes, feeds: [...feeds.values()].filter((input) => inputs.has(input.name)), fetches };
}
