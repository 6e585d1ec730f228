import { type GraphBuilder } from '../../../../../main/engine/compute/graph/builder.ts';
import { type Graph, type Value } from '../../../../../main/engine/compute/graph/graph.ts';
import { simplify } from '../../../../../main/engine/compute/passes/optimise.ts';
import { taskEmbedding } from '../../../../../main/engine/compute/passes/taskEmbedding.ts';

/** Of the layer below: rows of a batch, columns of state, embedding and action, and columns that it makes of them. */
export const sizes = { rows: 12, latent: 4, embedding: 5, action: 2, outputs: 3 };
const { rows, latent, embedding, action, outputs } = sizes;
export const transposed = { type: 'MatMul', transposeA: true, transposeB: false } as const;

export interface Model {
  tasks: Value;
  table: Value;
  x: Value;
  weight: Value;
}

/** [z, e, a] with e looked up in a table of `tableRows` rows. */
export function model(build: GraphBuilder, tableRows = 3): Model {
  const table = build.input('table', [tableRows, embedding], 'float32');
  const tasks = build.input('tasks', [rows], 'int32');
  const e = build.apply({ type: 'Gather', axis: 0 }, table, tasks);
  const [z, a] = [build.input('z', [rows, latent], 'float32'), build.input('a', [rows, action], 'float32')];
  const x = build.apply({ type: 'Concat', axis: 1 }, z, e, a);
  return { tasks, table, x, weight: build.input('weight', [outputs, latent + embedding + action], 'float32') };
}

/** What the pass makes of a graph, simplified. */
export function split(graph: Graph): Graph {
  return simplify(taskEmbedding(simplify(graph)));
}

/** The gradients of a layer, as TF.js makes them: of the weight, of the state and of the table. */
export function gradients(build: GraphBuilder, readAll = false): Record<string, Value> {
  const { x, weight, tasks, table } = model(build);
  const dys = ['dy', 'dy2'].map((name) => build.input(name, [rows, outputs], 'float32'));
  const dWeights = dys.map((dy) => build.apply(transposed, dy, x));
  const dxs = dys.map((dy) => build.apply({ type: 'MatMul', transposeA: false, transposeB: false }, dy, weight));
  const dx = dxs.reduce((a, b) => build.apply({ type: 'Add' }, a, b));
  const columns = (start: number, count: number) =>
    build.apply({ type: 'Slice', begin: [0, start], size: [rows, count] }, dx);
  const hot = build.apply({ type: 'OneHot', depth: table.shape[0] ?? 0 }, tasks);
  const dTable = build.apply(transposed, hot, columns(latent, embedding));
  return {
    ...Object.fromEntries(dWeights.map((value, index) => [`dWeight${index}`, value])),
    dz: columns(0, latent),
    dTable,
    ...(readAll ? { dx } : {}),
  };
}
