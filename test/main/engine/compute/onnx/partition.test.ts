import { expect, test } from 'vitest';
import { type GraphBuilder } from '../../../../../main/engine/compute/graph/builder.ts';
import { type Value } from '../../../../../main/engine/compute/graph/graph.ts';
import { partition, viewOf } from '../../../../../main/engine/compute/onnx/partition.ts';
import { graphOf } from '../passes/support.ts';

const isInput = (value: Value) => value.source.kind === 'input';

function movingAverage(build: GraphBuilder, target: Value, online: Value): Value {
  return build.apply({ type: 'MovingAverage' }, target, online, build.uniform(0.1, []));
}

/** The operations of each stage: in the model, and beside it. */
function stagesOf(make: (build: GraphBuilder) => Record<string, Value>) {
  return partition(graphOf(make)).map(({ nodes, hostNodes }) => ({
    model: nodes.map(({ operation }) => operation.type),
    beside: hostNodes.map(({ operation }) => operation.type),
  }));
}

test('a graph without operations beside the model is one stage', () => {
  const stages = stagesOf((build) => {
    const x = build.input('x', [2], 'float32');
    return { y: build.apply({ type: 'Neg' }, build.apply({ type: 'Exp' }, x)) };
  });
  expect(stages).toEqual([{ model: ['Exp', 'Neg'], beside: [] }]);
});

test('models wait for what is made beside them; operations beside do not wait for a next model', () => {
  const stages = stagesOf((build) => {
    const [a, b] = [build.input('a', [2], 'float32'), build.input('b', [2], 'float32')];
    const early = movingAverage(build, a, build.apply({ type: 'Exp' }, b));
    const chained = movingAverage(build, b, early);
    const later = build.apply({ type: 'Neg' }, chained);
    const independent = build.apply({ type: 'Abs' }, b);
    const last = movingAverage(build, later, independent);
    return { early, chained, last };
  });
  expect(stages).toEqual([
    { model: ['Exp', 'Abs'], beside: ['MovingAverage', 'MovingAverage'] },
    { model: ['Neg'], beside: ['MovingAverage'] },
  ]);
});

test('what is made of the batch alone is made where it is read; of a state it is made before the state changes', () => {
  const stages = stagesOf((build) => {
    const [mask, weight] = [build.input('batch/mask', [2], 'bool'), build.input('state/weight', [2], 'float32')];
    const floats = build.apply({ type: 'Cast', dtype: 'float32' }, mask);
    const old = build.apply({ type: 'Exp' }, weight);
    const after = movingAverage(build, weight, build.apply({ type: 'Abs' }, weight));
    const mul = (a: Value, b: Value) => build.apply({ type: 'Mul' }, a, b);
    return { 'state/weight': after, y: mul(mul(after, floats), old) };
  });
  expect(stages).toEqual([
    { model: ['Exp', 'Abs'], beside: ['MovingAverage'] },
    { model: ['Cast', 'Mul', 'Mul'], beside: [] },
  ]);
});

test('only whole neighbouring parts are views', () => {
  graphOf((build) => {
    const x = build.input('x', [4, 3, 2], 'float32');
    const slice = (from: Value, begin: number[], size: number[]) => build.apply({ type: 'Slice', begin, size }, from);
    const offset = (value: Value) => viewOf(value, isInput)?.offset;
    expect(offset(x)).toBe(0);
    const rows = slice(x, [1, 0, 0], [2, 3, 2]);
    expect(offset(rows)).toBe(6);
    expect(offset(slice(x, [2, 1, 0], [1, 2, 2]))).toBe(14);
    expect(offset(slice(x, [3, 2, 1], [1, 1, 1]))).toBe(23);
    expect(offset(slice(x, [0, 1, 0], [2, 1, 2]))).toBeUndefined();
    expect(offset(slice(x, [0, 0, 0], [4, 3, 1]))).toBeUndefined();
    const flat = build.apply({ type: 'Reshape', shape: [12] }, rows);
    expect(offset(slice(flat, [5], [7]))).toBe(11);
    expect(viewOf(slice(flat, [5], [7]), isInput)?.base).toBe(x);
    expect(offset(build.apply({ type: 'Neg' }, x))).toBeUndefined();
    expect(offset(slice(build.apply({ type: 'Neg' }, x), [0, 0, 0], [1, 3, 2]))).toBeUndefined();
    expect(offset(build.uniform(1, [2]))).toBeUndefined();
    return { x };
  });
});
