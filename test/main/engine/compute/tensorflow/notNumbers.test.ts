import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../../../../main/engine/compute/backend.ts';
import { type Backend, type Program } from '../../../../../main/engine/compute/program.ts';
import { tensorflowBackend } from '../../../../../main/engine/compute/tensorflow/backend.ts';
import { requireTensor } from '../../../../../main/engine/tdmpc2/tensors.ts';
import { floatTensor } from '../../../../../shared/tensor.ts';
import { isTensorflowHere } from './support.ts';

type Compare = (x: tf.Tensor, y: tf.Tensor) => tf.Tensor;

/** What PyTorch does with NaN: it stays, wherever it stands. */
const operations: Record<string, { run: Compare; wanted: (rows: number[][], other: number[][]) => number[] }> = {
  'minimum of a row': { run: (x) => tf.min(x, 1), wanted: (rows) => rows.map((row) => Math.min(...row)) },
  'maximum of a row': { run: (x) => tf.max(x, 1), wanted: (rows) => rows.map((row) => Math.max(...row)) },
  'minimum of a column': {
    run: (x) => tf.min(x, 0),
    wanted: (rows) => columns(rows).map((column) => Math.min(...column)),
  },
  'maximum of all': { run: (x) => tf.max(x), wanted: (rows) => [Math.max(...rows.flat())] },
  clipping: {
    run: (x) => tf.clipByValue(x, -1, 1),
    wanted: (rows) => rows.flat().map((value) => Math.min(Math.max(value, -1), 1)),
  },
  'the smaller of two': {
    run: (x, y) => tf.minimum(x, y),
    wanted: (rows, other) => rows.flatMap((row, r) => row.map((value, c) => Math.min(value, other[r]?.[c] ?? 0))),
  },
  'the greater of two': {
    run: (x, y) => tf.maximum(x, y),
    wanted: (rows, other) => rows.flatMap((row, r) => row.map((value, c) => Math.max(value, other[r]?.[c] ?? 0))),
  },
};

/** NaN counts as the greatest. */
const greatest = {
  run: (x: tf.Tensor): tf.Tensor => tf.topk(x, 2).values,
  wanted: (rows: number[][]): number[] =>
    rows.flatMap((row) => [...row].sort((a, b) => (b === a ? 0 : isAbove(b, a) ? 1 : -1)).slice(0, 2)),
};

function isAbove(a: number, b: number): boolean {
  return !Number.isNaN(b) && (Number.isNaN(a) || a > b);
}

function columns(rows: number[][]): number[][] {
  return (rows[0] ?? []).map((_, column) => rows.map((row) => row[column] ?? 0));
}

const number = fc.oneof(fc.constant(Number.NaN), fc.constantFrom(-3, -1, -0.5, 0.25, 2, 7, Infinity, -Infinity));

/** Two matrices of one shape; some columns more than XLA takes in one loop. */
const pairs = fc
  .record({ rows: fc.integer({ min: 1, max: 4 }), width: fc.constantFrom(2, 3, 16, 40) })
  .chain(({ rows, width }) => {
    const matrix = fc.array(fc.array(number, { minLength: width, maxLength: width }), {
      minLength: rows,
      maxLength: rows,
    });
    return fc.tuple(matrix, matrix);
  });

async function resultOf(backend: Backend, run: Compare, x: number[][], y: number[][]): Promise<Float32Array> {
  const program: Program = {
    name: 'not a number',
    state: [],
    run: (_, batch) => ({
      state: new Map(),
      outputs: new Map([['result', run(requireTensor(batch, 'x'), requireTensor(batch, 'y'))]]),
    }),
  };
  const compiled = backend.compile(program);
  try {
    const tensor = (rows: number[][]) =>
      floatTensor([rows.length, rows[0]?.length ?? 0], Float32Array.from(rows.flat()));
    const batch = new Map([
      ['x', tensor(x)],
      ['y', tensor(y)],
    ]);
    compiled.load(new Map());
    return (await compiled.step(batch, {})).get('result') ?? new Float32Array();
  } finally {
    compiled.dispose();
  }
}

describe.skipIf(!isTensorflowHere())('what is not a number in TensorFlow', { timeout: 300_000 }, () => {
  const backends: Record<string, Backend> = {};
  beforeAll(async () => {
    await startBackend('wasm');
    backends['plain'] = await tensorflowBackend({ threads: 1, plain: true });
    backends['with XLA'] = await tensorflowBackend({ threads: 1 });
  });

  async function expectSame(kind: string, { run, wanted }: (typeof operations)[string]): Promise<void> {
    const backend = backends[kind];
    if (backend === undefined) throw new Error('TensorFlow did not start');
    await fc.assert(
      fc.asyncProperty(pairs, async ([x, y]) => {
        expect([...(await resultOf(backend, run, x, y))]).toEqual(wanted(x, y).map(Math.fround));
      }),
      { numRuns: 12 },
    );
  }

  test.each(
    Object.entries(operations).flatMap(([name, operation]) =>
      ['plain', 'with XLA'].map((kind) => ({ name, kind, operation })),
    ),
  )('$name, $kind', ({ kind, operation }) => expectSame(kind, operation));

  // Without XLA a NaN that does not come first is passed over. A plan, which alone takes the best of many values, makes 0 of them before.
  test('the greatest of a row, with XLA', () => expectSame('with XLA', greatest));
});
