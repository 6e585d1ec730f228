import { type Graph, type Node, type Value } from '../graph/graph.ts';
import { stateInput } from '../trace/traceProgram.ts';
import { isHostOperation, updatedInputs } from './hostOperations.ts';
import { viewOf } from './partition.ts';
import { isInput, type StageModel } from './stageModel.ts';

/**
 * The results of host operations that go where their input was: possible where that is a state and nothing reads the old value
 * afterwards.
 */
export function updatesInPlace(
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
