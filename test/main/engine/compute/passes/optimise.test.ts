import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../../../../main/engine/compute/backend.ts';
import { type Graph } from '../../../../../main/engine/compute/graph/graph.ts';
import { printGraph } from '../../../../../main/engine/compute/graph/print.ts';
import { optimise } from '../../../../../main/engine/compute/passes/optimise.ts';
import { type Backend } from '../../../../../main/engine/compute/program.ts';
import { createAgent } from '../../../../../main/engine/tdmpc2/agent.ts';
import { createPlanner } from '../../../../../main/engine/tdmpc2/planner.ts';
import { defaultPlanner } from '../../../../../main/engine/tdmpc2/planSettings.ts';
import { normalsOf } from '../../../../../main/engine/tdmpc2/random.ts';
import { hyperparametersSchema } from '../../../../../shared/hyperparameters.ts';
import { tiny, tinyActionDims, tinyBatch, tinyOptions, tinyRandomness, tinyState } from '../../tdmpc2/tiny.ts';
import { interpretingBackend } from './interpreting.ts';

let eager: Backend;
beforeAll(async () => {
  eager = await startBackend('wasm');
});

function largestError(expected: ArrayLike<number>, got: ArrayLike<number>): number {
  const scale = Math.max(1, ...Array.from(expected, Math.abs));
  expect(got.length).toBe(expected.length);
  return Math.max(...Array.from(expected, (value, index) => Math.abs(value - (got[index] ?? NaN)))) / scale;
}

/** Passes and remembers the last graph, before and after. */
function watched() {
  const graphs: { before?: Graph; after?: Graph } = {};
  const transform = (before: Graph) => {
    graphs.before = before;
    graphs.after = optimise(before);
    return graphs.after;
  };
  return { graphs, transform };
}

/** Adam makes steps of the learning rate even of gradients that are rounding noise. */
const learningRate = 1e-4;

describe('optimised programs compute what eager ones do', () => {
  test.each([0, 0.2])('the update with dropout %s: metrics, gradients and state', async (dropout) => {
    const hyperparameters = hyperparametersSchema.parse({ dropout, lr: learningRate, gradClipNorm: 20 });
    const { graphs, transform } = watched();
    async function run(backend: Backend) {
      const agent = createAgent(tinyOptions(backend, { hyperparameters, outputGradients: true }));
      agent.load(tinyState());
      const { outputs } = await agent.update(tinyBatch(), tinyRandomness());
      const after = await agent.read();
      agent.dispose();
      return new Map([...outputs, ...[...after.parameters].map(([name, { data }]) => [name, data] as const)]);
    }
    const expected = await run(eager);
    const got = await run(interpretingBackend(transform));
    expect([...got.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [name, values] of expected)
      expect(largestError(values, got.get(name) ?? []), name).toBeLessThan(learningRate);
    const types = new Set(graphs.after?.nodes.map(({ operation }) => operation.type));
    expect([...types]).toEqual(
      expect.arrayContaining(['LayerNorm', 'LayerNormGradient', 'Mish', 'MishGradient', 'Linear']),
    );
    expect(graphs.after?.nodes.length).toBeLessThan(0.75 * (graphs.before?.nodes.length ?? 0));
  });

  test.each([1, 3])('the plan of %s environments', async (environments) => {
    const planner = { ...defaultPlanner, numSamples: 20, numPiTrajs: 4, numElites: 5, iterations: 2 };
    const { graphs, transform } = watched();
    async function run(backend: Backend) {
      const range = { discount: 0.99, logStdMin: -10, logStdMax: 2 };
      const sizes = { architecture: tiny, dropout: 0.2, environments, planner, actionDims: tinyActionDims };
      const mppi = createPlanner({ backend, ...range, ...sizes });
      mppi.load(tinyState().parameters);
      const requests = Array.from({ length: environments }, (_, index) => ({
        obs: normalsOf(11, index, 97, tiny.obsDim),
        task: index,
        randomness: mppi.draw(index, 0),
      }));
      const actions = await mppi.act(requests, true);
      mppi.dispose();
      return actions.flatMap((action) => [...action]);
    }
    const expected = await run(eager);
    expect(largestError(expected, await run(interpretingBackend(transform)))).toBeLessThan(1e-4);
    expect(graphs.after?.nodes.length).toBeLessThan(0.5 * (graphs.before?.nodes.length ?? 0));
  });

  test('optimising again changes nothing', async () => {
    const { graphs, transform } = watched();
    const agent = createAgent(tinyOptions(interpretingBackend(transform)));
    agent.load(tinyState());
    await agent.update(tinyBatch(), tinyRandomness());
    const { after } = graphs;
    if (after === undefined) throw new Error('nothing was recorded');
    const types = (graph: Graph) => graph.nodes.map(({ operation }) => JSON.stringify(operation));
    expect(types(optimise(after))).toEqual(types(after));
    expect(printGraph(after)).toContain('Linear');
  });
});
