import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { interpret } from '../../../../../main/engine/compute/graph/interpret.ts';
import { type Operation } from '../../../../../main/engine/compute/graph/operations.ts';
import { elementCount, type FloatTensor, floatTensor } from '../../../../../shared/tensor.ts';
import { graphOf } from '../passes/support.ts';
import { expectWithin, normalTensor, runOnnx } from './support.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const runs = 25;
const seeds = fc.integer({ min: 1, max: 1_000_000 });
const sizes = fc.integer({ min: 1, max: 40 });
const epsilon = 2 ** -24;

interface Both {
  ours: (index: number) => Float32Array;
  theirs: (index: number) => Float32Array;
}

/** The outputs of one operation, in the ONNX runtime and as plain TF.js defines it. */
async function both(operation: Operation, inputs: readonly FloatTensor[]): Promise<Both> {
  const named = new Map(inputs.map((tensor, index) => [`x${index}`, tensor]));
  const graph = graphOf((build) => {
    const values = [...named].map(([name, { shape }]) => build.input(name, shape, 'float32'));
    return Object.fromEntries(build.node(operation, values).map((output, index) => [`y${index}`, output]));
  });
  const ours = await runOnnx(graph, named);
  const theirs = interpret(graph, named);
  return {
    ours: (index) => ours.get(`y${index}`) ?? new Float32Array(),
    theirs: (index) => Float32Array.from(theirs.get(`y${index}`)?.data ?? [], Number),
  };
}

function largest(data: ArrayLike<number>, from = 0, count = data.length): number {
  let result = 0;
  for (let index = from; index < from + count; index++) result = Math.max(result, Math.abs(data[index] ?? 0));
  return result;
}

describe('Mish', () => {
  const values = [-1e4, -100, -30, -20, -10, -5, -2, -1, -1e-6, -0, 0, 1e-6, 0.5, 1, 5, 10, 20, 30, 100, 1e4];
  const line = Array.from({ length: 2001 }, (_, index) => (index - 1000) / 25);
  const y = floatTensor([values.length + line.length], Float32Array.of(...values, ...line));

  test('from -40 to 40 and far out', async () => {
    const { ours, theirs } = await both({ type: 'Mish' }, [y]);
    expectWithin(ours(0), theirs(0), (index) => 4e-7 * Math.max(1, Math.abs(y.data[index] ?? 0)), 'mish');
  });

  test('its slope from -40 to 40 and far out', async () => {
    const dOut = normalTensor(y.shape, 3);
    const { ours, theirs } = await both({ type: 'MishGradient' }, [y, dOut]);
    const size = (index: number) => Math.abs(dOut.data[index] ?? 0) * Math.max(1, Math.abs(y.data[index] ?? 0));
    expectWithin(ours(0), theirs(0), (index) => 1e-6 * size(index), 'gradient of mish');
  });

  test('a NaN stays one', async () => {
    const broken = floatTensor([2], Float32Array.of(Number.NaN, 1));
    const { ours } = await both({ type: 'Mish' }, [broken]);
    const { ours: slopes } = await both({ type: 'MishGradient' }, [broken, floatTensor([2], Float32Array.of(1, 1))]);
    expect([ours(0)[0], slopes(0)[0]]).toEqual([Number.NaN, Number.NaN]);
  });
});

describe('LayerNorm', () => {
  const layer = fc.record({
    seed: seeds,
    rows: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 2 }),
    features: sizes,
    scale: fc.constantFrom(1e-3, 0.1, 1, 30),
    offset: fc.constantFrom(0, -0.5, 3),
    gains: fc.constantFrom('random', 'zero', 'one'),
    constantRow: fc.boolean(),
  });
  type Layer = typeof layer extends fc.Arbitrary<infer Value> ? Value : never;

  function tensorsOf({ seed, rows, features, scale, offset, gains, constantRow }: Layer) {
    const x = normalTensor([...rows, features], seed, scale, offset);
    if (constantRow) x.data.fill(offset + scale, 0, features);
    const gain = normalTensor([features], seed + 1, 0.5, 1);
    if (gains !== 'random') gain.data.fill(gains === 'zero' ? 0 : 1);
    return { x, gain, shift: normalTensor([features], seed + 2), dy: normalTensor(x.shape, seed + 3) };
  }

  test('forward', async () => {
    await fc.assert(
      fc.asyncProperty(layer, async (drawn) => {
        const { x, gain, shift } = tensorsOf(drawn);
        const { ours, theirs } = await both({ type: 'LayerNorm', epsilon: 1e-5 }, [x, gain, shift]);
        const size = largest(x.data);
        expectWithin(ours(1), theirs(1), 8 * epsilon * size, 'mean');
        // A rounded mean shifts all of a row: by its error times the deviation and the gain.
        const deviations = theirs(2);
        const shake = (row: number) => 8 * epsilon * (1 + size * (deviations[row] ?? 0));
        expectWithin(ours(2), deviations, (row) => shake(row) * (deviations[row] ?? 0), 'inverse deviation');
        const scale = 4 * (largest(gain.data) + largest(shift.data));
        const normals = Math.sqrt(drawn.features);
        expectWithin(ours(0), theirs(0), (i) => scale * normals * shake(Math.floor(i / drawn.features)), 'y');
      }),
      { numRuns: runs },
    );
  });

  test('backward', async () => {
    await fc.assert(
      fc.asyncProperty(layer, async (drawn) => {
        const { x, gain, shift, dy } = tensorsOf(drawn);
        const { features } = drawn;
        const forward = (await both({ type: 'LayerNorm', epsilon: 1e-5 }, [x, gain, shift])).theirs;
        const rows = elementCount(drawn.rows);
        const statistic = (index: number) => floatTensor([...drawn.rows, 1], forward(index));
        const inputs = [dy, x, statistic(1), statistic(2), gain];
        const { ours, theirs } = await both({ type: 'LayerNormGradient' }, inputs);
        const slope = largest(dy.data) * Math.max(largest(gain.data), 1e-3);
        // Products with x itself instead of x - mean: what is lost grows with how many deviations a row is from 0.
        const away = (row: number) => 1 + (largest(x.data, row * features, features) * (forward(2)[row] ?? 0)) ** 2;
        const bound = (index: number) => {
          const row = Math.floor(index / features);
          return 16 * epsilon * (forward(2)[row] ?? 0) * slope * away(row);
        };
        expectWithin(ours(0), theirs(0), bound, 'dx');
        const farthest = Math.max(...Array.from({ length: rows }, (_, row) => Math.sqrt(away(row))));
        expectWithin(ours(1), theirs(1), 16 * epsilon * rows * largest(dy.data) * farthest, 'dGain');
        expectWithin(ours(2), theirs(2), 8 * epsilon * rows * largest(dy.data), 'dShift');
      }),
      { numRuns: runs },
    );
  });
});

test('Linear, transposed and not, with a bias of the features or of the rows too', async () => {
  const drawn = fc.record({
    seed: seeds,
    sizes: fc.tuple(sizes, sizes, sizes),
    transposeA: fc.boolean(),
    transposeB: fc.boolean(),
    biasOfRows: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(drawn, async ({ seed, sizes: [rows, inner, out], transposeA, transposeB, biasOfRows }) => {
      const x = normalTensor(transposeA ? [inner, rows] : [rows, inner], seed);
      const weight = normalTensor(transposeB ? [out, inner] : [inner, out], seed + 1);
      const bias = normalTensor(biasOfRows ? [rows, out] : [out], seed + 2);
      const { ours, theirs } = await both({ type: 'Linear', transposeA, transposeB }, [x, weight, bias]);
      expectWithin(ours(0), theirs(0), 8 * epsilon * Math.sqrt(inner) * (inner + 3), 'x W + b');
    }),
    { numRuns: runs },
  );
});

describe('beside the model', () => {
  const shapes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 0, maxLength: 3 });
  const scalar = (value: number) => floatTensor([], Float32Array.of(value));

  test('Adam, from fresh moments, with gradients that are 0, tiny and great', async () => {
    const drawn = fc.record({
      seed: seeds,
      shape: shapes,
      fresh: fc.boolean(),
      gradientScale: fc.constantFrom(0, 1e-12, 1e-4, 1, 1e6),
      factor: fc.constantFrom(1, 0.01),
      step: fc.integer({ min: 1, max: 100_000 }),
    });
    await fc.assert(
      fc.asyncProperty(drawn, async ({ seed, shape, fresh, gradientScale, factor, step }) => {
        const parameter = normalTensor(shape, seed);
        const scale = fresh ? 0 : gradientScale;
        const expAvg = normalTensor(shape, seed + 1, scale);
        const expAvgSq = normalTensor(shape, seed + 2, scale);
        expAvgSq.data.forEach((value, index) => (expAvgSq.data[index] = value * value));
        const gradient = normalTensor(shape, seed + 3, gradientScale);
        const stepSize = 3e-4 / (1 - 0.9 ** step);
        const scalars = [factor, stepSize, 1 / Math.sqrt(1 - 0.999 ** step)].map(scalar);
        const operation = { type: 'Adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;
        const inputs = [parameter, expAvg, expAvgSq, gradient, ...scalars];
        const { ours, theirs } = await both(operation, inputs);
        const relative = (data: ArrayLike<number>, ulps: number) => (index: number) =>
          ulps * epsilon * Math.abs(data[index] ?? 0);
        const average = (index: number) =>
          8 * epsilon * (Math.abs(expAvg.data[index] ?? 0) + Math.abs(gradient.data[index] ?? 0));
        expectWithin(ours(1), theirs(1), average, 'expAvg');
        expectWithin(ours(2), theirs(2), relative(theirs(2), 8), 'expAvgSq');
        const moved = theirs(0).map((value, index) => value - (parameter.data[index] ?? 0));
        // The average may cancel, which moves the weight by another share of what its parts would.
        const denominators = theirs(2).map((value) => Math.sqrt(value) + 1e-8);
        const bound = (index: number) =>
          4 * epsilon * Math.abs(parameter.data[index] ?? 0) +
          16 * epsilon * Math.abs(moved[index] ?? 0) +
          (stepSize * average(index)) / (denominators[index] ?? 1);
        expectWithin(ours(0), theirs(0), bound, 'parameter');
      }),
      { numRuns: runs },
    );
  });

  test('a moving average', async () => {
    const drawn = fc.record({ seed: seeds, shape: shapes, tau: fc.constantFrom(0, 0.01, 0.5, 1) });
    await fc.assert(
      fc.asyncProperty(drawn, async ({ seed, shape, tau }) => {
        const inputs = [normalTensor(shape, seed), normalTensor(shape, seed + 1, 3), scalar(tau)];
        const { ours, theirs } = await both({ type: 'MovingAverage' }, inputs);
        expectWithin(ours(0), theirs(0), 8 * epsilon * 10, 'target');
      }),
      { numRuns: runs },
    );
  });
});
