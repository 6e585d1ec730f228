import { type GraphBuilder } from '../graph/builder.ts';
import { type Graph, type Value } from '../graph/graph.ts';
import { rewrite, type Rule } from '../graph/rewrite.ts';
import { sameShape } from '../graph/shapes.ts';
import { columnsOf, joinedColumns, lookUpOf, type Part, paysLookUp, weightOf } from './rules/lookUps.ts';
import { slicedAlong } from '../graph/shaping.ts';
import { anyOf, broadcasted, isCallOf, joined, madeBy, resultShape } from './rules/patterns.ts';
import { sliceOfProduct, valuesOnlySliced } from './rules/slicedProducts.ts';

const sumByTask = { type: 'MatMul', transposeA: true, transposeB: false } as const;

/**
 * [z, e, a] W, where e has few different rows: [z, a] times its part of W, plus e's part of the product, which is made once for each
 * different row and looked up.
 */
const product: Rule = (call, { build }) => {
  const [x, weight] = call.inputs;
  if (!isCallOf(call, 'MatMul') || x === undefined || weight?.shape.length !== 2) return undefined;
  const { operation } = call;
  const columns = operation.transposeA ? undefined : columnsOf(x);
  if (columns === undefined || columns.equal.length + columns.lookUps.length === 0) return undefined;
  const axis = operation.transposeB ? 1 : 0;
  const times = (parts: readonly Part[]) =>
    build.apply(operation, joinedColumns(build, parts), weightOf(build, weight, axis, parts));
  const terms = columns.others.length > 0 ? [times(columns.others)] : [];
  let row = columns.equal.length > 0 ? times(columns.equal) : undefined;
  for (const { indices, parts } of columns.lookUps) {
    const table = row === undefined ? times(parts) : build.apply({ type: 'Add' }, times(parts), row);
    row = undefined;
    terms.push(build.apply({ type: 'Gather', axis: 0 }, table, indices));
  }
  if (row !== undefined) terms.push(row);
  const sum = terms.reduce((total, term) => build.apply({ type: 'Add' }, total, term));
  return [broadcasted(build, sum, resultShape(call))];
};

/** A bias is added to the few rows that are looked up, or to the one that all rows get, not to the product. */
const bias: Rule = (call, { build, inputUses }) => {
  if (!isCallOf(call, 'Add')) return undefined;
  for (const side of [0, 1]) {
    const [sum, added] = [call.inputs[side], call.inputs[1 - side]];
    const [x, term] = madeBy(sum, 'Add')?.inputs ?? [];
    if (sum?.shape.length !== 2 || added === undefined || x === undefined || term === undefined) continue;
    const outputs = sum.shape[1] ?? 0;
    const isRow = ({ shape }: Value) => sameShape(shape, [outputs]) || sameShape(shape, [1, outputs]);
    if (inputUses(side) !== 1 || !isRow(added) || madeBy(x, 'MatMul') === undefined) continue;
    const add = (a: Value, b: Value) => build.apply({ type: 'Add' }, a, b);
    if (isRow(term)) return [add(x, add(term, added))];
    const lookUp = lookUpOf(term);
    if (lookUp === undefined) continue;
    return [add(x, build.apply({ type: 'Gather', axis: 0 }, add(lookUp.table, added), lookUp.indices))];
  }
  return undefined;
};

/**
 * The gradient of a weight: of e's part from the sums of dy by row of the table. Rows that nobody looked up count with sums of 0,
 * which does not hide a number that is not finite; see taskEmbedding.
 */
const weightGradient: Rule = (call, { build }) => {
  const [dy, x] = call.inputs;
  if (!isCallOf(call, 'MatMul') || dy === undefined || x === undefined) return undefined;
  const columns = call.operation.transposeA && !call.operation.transposeB ? columnsOf(x) : undefined;
  if (columns === undefined || columns.lookUps.length === 0 || columns.equal.length > 0) return undefined;
  const gradients: { start: number; gradient: Value }[] = [];
  const { others, lookUps } = columns;
  if (others.length > 0) {
    const all = build.apply(sumByTask, dy, joinedColumns(build, others));
    let at = 0;
    for (const { start, length } of others) {
      gradients.push({ start, gradient: slicedAlong(build, all, 1, at, length) });
      at += length;
    }
  }
  for (const { indices, parts } of lookUps)
    for (const { value: table, start } of parts) {
      const hot = build.apply({ type: 'OneHot', depth: table.shape[0] ?? 0 }, indices);
      const sums = build.apply(sumByTask, hot, dy);
      gradients.push({ start, gradient: build.apply(sumByTask, sums, table) });
    }
  gradients.sort((a, b) => a.start - b.start);
  return [
    joined(
      build,
      gradients.map(({ gradient }) => gradient),
      1,
    ),
  ];
};

/** The sums by task of a sum of products, from the sums of their first factors; undefined for anything else. */
function sumsOf(build: GraphBuilder, hot: Value, value: Value): Value | undefined {
  const factors = madeBy(value, 'MatMul');
  const [a, b] = factors?.inputs ?? [];
  if (factors !== undefined && a?.shape.length === 2 && b !== undefined && !factors.operation.transposeA)
    return build.apply(factors.operation, build.apply(sumByTask, hot, a), b);
  const terms = madeBy(value, 'Add')?.inputs ?? [];
  if (terms.length === 0 || terms.some(({ shape }) => !sameShape(shape, value.shape))) return undefined;
  const sums = terms.map((term) => sumsOf(build, hot, term)).filter((sum) => sum !== undefined);
  return sums.length === terms.length ? sums.reduce((a, b) => build.apply({ type: 'Add' }, a, b)) : undefined;
}

/** The gradient of the table: rows are summed by task before they are multiplied by the weight, not afterwards. */
const tableGradient: Rule = (call, { build, inputUses }) => {
  const [hot, gradient] = call.inputs;
  if (!isCallOf(call, 'MatMul') || hot === undefined || gradient === undefined) return undefined;
  const { transposeA, transposeB } = call.operation;
  const [indices] = madeBy(hot, 'OneHot')?.inputs ?? [];
  if (!transposeA || transposeB || indices === undefined || inputUses(1) !== 1) return undefined;
  const [rows = 0, tasks = 0] = hot.shape;
  const sums = paysLookUp(tasks, rows) ? sumsOf(build, hot, gradient) : undefined;
  return sums && [sums];
};

/**
 * Products whose input has columns with few different rows, as the task embedding's: computed for these rows only, forward and
 * backward. Products of which only some columns are read lose the others.
 *
 * A row of the table that is not finite reaches the rows that look it up and no others, as without this pass. It does reach the
 * gradient of the weight even where no row looks it up, 0 times NaN being NaN, and an update then ends as DIVERGED that would have
 * gone on without that task. No run gets there: imports refuse such checkpoints (CHECKPOINT_NAN), and an update that makes such a
 * row has a gradient norm that is not finite itself. Hence no mask, which every update would pay for.
 */
export function taskEmbedding(graph: Graph): Graph {
  const onlySliced = valuesOnlySliced(graph);
  return rewrite(graph, anyOf(product, bias, weightGradient, tableGradient, sliceOfProduct(onlySliced)));
}
