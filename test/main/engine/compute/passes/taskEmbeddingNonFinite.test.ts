import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../../../../main/engine/compute/backend.ts';
import { type Graph } from '../../../../../main/engine/compute/graph/graph.ts';
import { interpret } from '../../../../../main/engine/compute/graph/interpret.ts';
import { optimise } from '../../../../../main/engine/compute/passes/optimise.ts';
import { createAgent } from '../../../../../main/engine/tdmpc2/agent.ts';
import { type Tensor } from '../../../../../shared/tensor.ts';
import { tiny, tinyBatch, tinyOptions, tinyRandomness, tinyState } from '../../tdmpc2/tiny.ts';
import { interpretingBackend } from './interpreting.ts';
import { graphOf, randomInputs } from './support.ts';
import { gradients, model, sizes, split } from './taskEmbeddingModel.ts';

const { rows, latent, embedding, action, outputs } = sizes;
beforeAll(async () => {
  await startBackend('wasm');
});

describe('a row of the table that is not a number', () => {
  /** Outputs of a graph and of what the pass makes of it, with a NaN in row 2 of the table and rows of these tasks. */
  function outputsOf(before: Graph, tasks: (row: number) => number) {
    const inputs = randomInputs(before, 1);
    inputs.set('tasks', {
      dtype: 'int32',
      shape: [rows],
      data: Int32Array.from({ length: rows }, (_, row) => tasks(row)),
    });
    const table = inputs.get('table');
    if (table === undefined) throw new Error('there is a table');
    table.data[2 * embedding + 1] = Number.NaN;
    return [before, split(before)].map((graph) => interpret(graph, inputs));
  }
  const notNumbers = (tensor: Tensor | undefined) =>
    [...(tensor?.data ?? [])].flatMap((value, index) => (Number.isNaN(value) ? [index] : []));

  test('reaches the rows that look it up, and no others', () => {
    const before = graphOf((build) => {
      const { x, weight } = model(build);
      const product = build.apply({ type: 'MatMul', transposeA: false, transposeB: true }, x, weight);
      return { y: build.apply({ type: 'Add' }, build.input('bias', [outputs], 'float32'), product) };
    });
    for (const results of outputsOf(before, (row) => (row === 4 ? 2 : row % 2)))
      expect(notNumbers(results.get('y'))).toEqual([12, 13, 14]);
  });

  test('which nobody looks up, leaves gradients alone without this pass; with it a part of the weight has none', () => {
    const [without, withPass] = outputsOf(
      graphOf((build) => gradients(build)),
      (row) => row % 2,
    );
    for (const name of ['dWeight0', 'dWeight1', 'dz', 'dTable'])
      expect(notNumbers(without?.get(name)), name).toEqual([]);
    const columns = latent + embedding + action;
    const column = Array.from({ length: outputs }, (_, row) => row * columns + latent + 1);
    for (const name of ['dWeight0', 'dWeight1']) expect(notNumbers(withPass?.get(name)), name).toEqual(column);
    for (const name of ['dz', 'dTable']) expect(notNumbers(withPass?.get(name)), name).toEqual([]);
  });

  test('which nobody looks up, ends an update, which says so', async () => {
    const state = tinyState();
    const batch = tinyBatch();
    expect(batch.task).not.toContain(tiny.numTasks - 1);
    state.parameters.get('_task_emb.weight')?.data.fill(Number.NaN, (tiny.numTasks - 1) * tiny.taskDim);
    const agent = createAgent(tinyOptions(interpretingBackend(optimise)));
    agent.load(state);
    await expect(agent.update(batch, tinyRandomness())).rejects.toMatchObject({ code: 'DIVERGED' });
  });
});
