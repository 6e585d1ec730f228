import { expect, test } from 'vitest';
import { type GraphBuilder } from '../../../../../main/engine/compute/graph/builder.ts';
import { type Graph, type Value } from '../../../../../main/engine/compute/graph/graph.ts';
import { fuseLayerNorm } from '../../../../../main/engine/compute/passes/layerNorm.ts';
import { counts, expectSame, expectUntouched, graphOf } from './support.ts';

const rows = 3;
const features = 5;

interface Choices {
  shape?: readonly number[];
  gainShape?: readonly number[];
  epsilonShape?: readonly number[];
  /** What the gradient is multiplied by in place of the norm's own inverse deviation. */
  deviation?: (build: GraphBuilder, deviation: Value) => Value;
  gradientShape?: readonly number[];
  keepDims?: boolean;
  exchanged?: boolean;
}

/** A LayerNorm and its gradients as tdmpc2/layers records them. */
function norm(choices: Choices = {}): Graph {
  const { shape = [rows, features], gainShape = [features], epsilonShape = [], gradientShape = shape } = choices;
  const last = shape.length - 1;
  return graphOf((build) => {
    const apply = (type: 'Add' | 'Mul' | 'Sub', a: Value, b: Value) =>
      choices.exchanged === true && type !== 'Sub' ? build.apply({ type }, b, a) : build.apply({ type }, a, b);
    const mean = (value: Value) => build.apply({ type: 'Mean', axes: [last], keepDims: true }, value);
    const x = build.input('x', shape, 'float32');
    const gain = build.input('gain', gainShape, 'float32');
    const shift = build.input('shift', gainShape, 'float32');
    const dy = build.input('dy', gradientShape, 'float32');
    const centred = apply('Sub', x, mean(x));
    const variance = mean(build.apply({ type: 'Square' }, centred));
    const deviation = build.apply({ type: 'Rsqrt' }, apply('Add', variance, build.uniform(1e-5, epsilonShape)));
    const normal = apply('Mul', centred, deviation);
    const y = apply('Add', apply('Mul', normal, gain), shift);
    const slope = apply('Mul', dy, gain);
    const along = apply('Mul', normal, mean(apply('Mul', slope, normal)));
    const factor = choices.deviation?.(build, deviation) ?? deviation;
    const dx = apply('Mul', factor, apply('Sub', apply('Sub', slope, mean(slope)), along));
    const axes = shape.slice(0, -1).map((_, axis) => axis);
    const keepDims = choices.keepDims ?? false;
    const dGain = build.apply({ type: 'Sum', axes, keepDims }, apply('Mul', dy, normal));
    return { y, dx, dGain };
  });
}

test.each([
  ['of rows', {}],
  ['of rows in a stack', { shape: [2, rows, features] }],
  ['of a single feature', { shape: [rows, 1], gainShape: [1] }],
])('a norm %s and its gradients become one node each', (_, choices: Choices) => {
  const before = norm(choices);
  const after = fuseLayerNorm(before);
  expectSame(before, after, { tolerance: 1e-6 });
  expect([...after.outputs.values()].map(({ source }) => source.kind === 'node' && source.node.operation.type)).toEqual(
    ['LayerNorm', 'LayerNormGradient', 'LayerNormGradient'],
  );
});

test('a gain of another length, or an epsilon of another shape, is no norm', () => {
  expectUntouched(fuseLayerNorm, norm({ gainShape: [1] }));
  expectUntouched(fuseLayerNorm, norm({ shape: [rows, 1], gainShape: [features], gradientShape: [rows, features] }));
  expectUntouched(fuseLayerNorm, norm({ epsilonShape: [2, 1, 1] }));
});

test('what is multiplied by another deviation, or of another shape, is not the gradient', () => {
  const doubled = norm({ deviation: (build, deviation) => build.apply({ type: 'Add' }, deviation, deviation) });
  const other = norm({ deviation: (build) => build.input('other', [rows, 1], 'float32') });
  const narrow = norm({ gradientShape: [1, features] });
  for (const graph of [doubled, other, narrow]) {
    const after = fuseLayerNorm(graph);
    expectSame(graph, after, { tolerance: 1e-6 });
    expect(counts(after)).toMatchObject({ LayerNorm: 1 });
    expect(counts(after)).not.toHaveProperty('LayerNormGradient');
  }
});

test('terms of sums and factors of products may be exchanged', () => {
  const graph = norm({ exchanged: true });
  const after = fuseLayerNorm(graph);
  expectSame(graph, after, { tolerance: 1e-6 });
  expect(counts(after)).toMatchObject({ LayerNorm: 1 });
});

test('a sum over the rows that keeps their axes keeps them', () => {
  const graph = norm({ keepDims: true });
  expectSame(graph, fuseLayerNorm(graph), { tolerance: 1e-6 });
});
