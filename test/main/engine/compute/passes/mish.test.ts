import { expect, test } from 'vitest';
import { type GraphBuilder } from '../../../../../main/engine/compute/graph/builder.ts';
import { type Value } from '../../../../../main/engine/compute/graph/graph.ts';
import { fuseMish } from '../../../../../main/engine/compute/passes/mish.ts';
import { counts, expectSame, graphOf } from './support.ts';

interface Choices {
  limit?: number;
  /** What multiplies the tangent. */
  factor?: (build: GraphBuilder, y: Value) => Value;
  /** Added to the exponential in the slope. */
  one?: number;
}

/** Mish and its gradient as tdmpc2/layers records them. */
function mish({ limit = 20, factor = (_, y) => y, one = 1 }: Choices = {}) {
  return graphOf((build) => {
    const apply = (type: 'Add' | 'Mul' | 'Div' | 'Minimum', a: Value, b: Value) => build.apply({ type }, a, b);
    const number = (value: number) => build.uniform(value, []);
    const y = build.input('y', [4, 3], 'float32');
    const e = build.apply({ type: 'Exp' }, apply('Minimum', y, number(limit)));
    const numerator = apply('Mul', e, apply('Add', e, number(2)));
    const denominator = apply('Add', numerator, number(2));
    const tangent = apply('Div', numerator, denominator);
    const rise = apply('Mul', apply('Mul', number(4), e), apply('Add', e, number(one)));
    const slope = apply('Div', rise, build.apply({ type: 'Square' }, denominator));
    const dOut = build.input('dOut', [4, 3], 'float32');
    return {
      value: apply('Mul', factor(build, y), tangent),
      dy: apply('Mul', dOut, apply('Add', tangent, apply('Mul', y, slope))),
    };
  });
}

const fused = (choices?: Choices) => {
  const graph = mish(choices);
  const after = fuseMish(graph);
  expectSame(graph, after, { tolerance: 1e-6 });
  const { Mish = 0, MishGradient = 0 } = counts(after);
  return { Mish, MishGradient };
};

test('Mish and its gradient become one node each', () => {
  expect(fused()).toEqual({ Mish: 1, MishGradient: 1 });
});

test('other limits, factors and numbers are no Mish', () => {
  expect(fused({ limit: 1 })).toEqual({ Mish: 0, MishGradient: 0 });
  expect(fused({ factor: (build) => build.input('other', [4, 3], 'float32') })).toEqual({ Mish: 0, MishGradient: 1 });
  expect(fused({ one: 2 })).toEqual({ Mish: 1, MishGradient: 0 });
});
