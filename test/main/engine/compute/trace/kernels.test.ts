import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { startBackend } from '../../../../../main/engine/compute/backend.ts';
import { type Backend, type Outputs } from '../../../../../main/engine/compute/program.ts';
import { recorders } from '../../../../../main/engine/compute/trace/kernels.ts';
import { type Graph } from '../../../../../main/engine/compute/graph/graph.ts';
import { type InputTypes, traceProgram } from '../../../../../main/engine/compute/trace/traceProgram.ts';
import { caseBatch, type KernelCase, caseProgram, kernelFamilies } from '../kernelCases.ts';
import { interpretingBackend } from '../passes/interpreting.ts';

let eager: Backend;
beforeAll(async () => {
  eager = await startBackend('wasm');
});

const interpreting = interpretingBackend((graph) => graph);

async function resultsOf(backend: Backend, kernelCase: KernelCase, seed: number, reference: boolean): Promise<Outputs> {
  const compiled = backend.compile(caseProgram(kernelCase, { reference }));
  compiled.load(new Map());
  return compiled.step(caseBatch(kernelCase, seed), {});
}

/** What eager and recorded runs return, on wasm or, where it lacks a kernel, on plain JavaScript. */
async function bothOf(kernelCase: KernelCase, seed: number): Promise<{ expected: Outputs; got: Outputs }> {
  const both = async () => ({
    expected: await resultsOf(eager, kernelCase, seed, true),
    got: await resultsOf(interpreting, kernelCase, seed, false),
  });
  try {
    return await both();
  } catch (error) {
    if (!String(error).includes("not registered for the backend 'wasm'")) throw error;
    await tf.setBackend('cpu');
    try {
      return await both();
    } finally {
      await tf.setBackend('wasm');
    }
  }
}

function largestError(expected: Float32Array, got: Float32Array | undefined): number {
  expect(got).toHaveLength(expected.length);
  return expected.reduce((worst, value, index) => {
    const other = got?.[index] ?? NaN;
    if (Object.is(value, other)) return worst;
    return Math.max(
      worst,
      Math.abs(value - other) / Math.max(1, Math.abs(value)) || Infinity * Number(value !== other),
    );
  }, 0);
}

describe('what is recorded computes what eager TF.js does, and so do its gradients', () => {
  test.each(kernelFamilies)('$kernel', async ({ cases }) => {
    await fc.assert(
      fc.asyncProperty(cases, fc.nat(1000), async (kernelCase, seed) => {
        const { expected, got } = await bothOf(kernelCase, seed);
        expect([...got.keys()].sort()).toEqual([...expected.keys()].sort());
        for (const [name, values] of expected)
          expect(largestError(values, got.get(name)), `${kernelCase.name}: ${name}`).toBeLessThan(1e-5);
      }),
      { numRuns: 25 },
    );
  });
});

/** A case as it is recorded. */
function record(kernelCase: KernelCase): Graph {
  const batch: InputTypes = new Map(
    kernelCase.inputs.map(({ shape, dtype }, index) => [`x${index}`, { shape, dtype }]),
  );
  return traceProgram(caseProgram(kernelCase), { state: new Map(), batch, scalars: [] });
}

/** Records a function of x, float32 [2, 3]. */
function recordFunction(run: (x: tf.Tensor) => tf.Tensor): Graph {
  return record({
    name: 'a function',
    inputs: [{ shape: [2, 3], dtype: 'float32', range: [0, 1] }],
    run: ([x]) => {
      if (x === undefined) throw new RangeError('there is no x');
      return [run(x)];
    },
    differentiable: false,
  });
}

test('every kernel that can be recorded has cases', () => {
  expect(new Set(kernelFamilies.map(({ kernel }) => kernel))).toEqual(new Set(recorders.keys()));
});

test('shapes and dtypes of the graph are those of eager results', async () => {
  const anyCase = fc.oneof(...kernelFamilies.map(({ cases }) => cases));
  await fc.assert(
    fc.asyncProperty(anyCase, fc.nat(1000), async (kernelCase, seed) => {
      const { expected } = await bothOf(kernelCase, seed);
      const lengths = [...record(kernelCase).outputs.values()].map(({ shape }) => shape.reduce((a, b) => a * b, 1));
      expect(lengths).toEqual([...expected.values()].map(({ length }) => length));
    }),
  );
});

describe('a recorder refuses what it does not know', () => {
  afterEach(() => vi.restoreAllMocks());

  /** Runs each kernel that a case calls again with something changed, while it is recorded: what was said about it. */
  function complaints(kernelCase: KernelCase, change: 'attribute' | 'input'): Map<string, string> {
    const said = new Map<string, string>();
    const engine = tf.engine();
    const original = engine.runKernel.bind(engine);
    vi.spyOn(engine, 'runKernel').mockImplementation((name, inputs, attributes) => {
      const extra = Object.values(inputs)[0] ?? tf.scalar(1);
      try {
        if (change === 'attribute') original(name, inputs, { ...attributes, madeUp: 1 });
        else original(name, { ...inputs, madeUp: extra }, attributes);
        said.set(name, '');
      } catch (error) {
        said.set(name, String(error));
      }
      return original(name, inputs, attributes);
    });
    record({ ...kernelCase, differentiable: false });
    return said;
  }

  test.each(kernelFamilies)('$kernel', ({ kernel, cases }) => {
    const [kernelCase] = fc.sample(cases, { numRuns: 1, seed: 1 });
    if (kernelCase === undefined) throw new Error('there is a case');
    const attribute = complaints(kernelCase, 'attribute');
    expect(attribute.get(kernel)).toMatch(new RegExp(`cannot record ${kernel}: .*madeUp`, 's'));
    vi.restoreAllMocks();
    expect(complaints(kernelCase, 'input').get(kernel)).toMatch(
      new RegExp(`cannot record ${kernel}: .*(madeUp|missing)`, 's'),
    );
  });
});

test('reading what is not known yet names the operation or the input', () => {
  expect(() => recordFunction((x) => tf.tensor(tf.tanh(x).dataSync()))).toThrow(/result of Tanh was read/);
  expect(() => recordFunction((x) => tf.tensor(x.dataSync()))).toThrow(/input batch\/x0 was read/);
  expect(recordFunction((x) => tf.mul(x, tf.scalar(3).dataSync()[0] ?? 0)).nodes).toHaveLength(1);
});

test('parts of an axis are as TF.js cuts them, or refused', () => {
  const lengths = (splits: number | number[]) =>
    recordFunction((x) => tf.concat(tf.split(x, splits, 1), 0)).nodes.flatMap(({ operation }) =>
      operation.type === 'Slice' ? [operation.size[1]] : [],
    );
  expect(lengths([1, -1])).toEqual([1, 2]);
  expect(() => lengths([1, 1])).toThrow(/sum of sizes/);
  expect(() => lengths(2)).toThrow(/evenly divide/);
  expect(() => recordFunction((x) => tf.slice(x, [1, 0], [2, 3]))).toThrow(/cannot record Slice/);
});

test('means of integers and of truths are float32', () => {
  for (const type of ['int32', 'bool'] as const) {
    const [mean] = recordFunction((x) => tf.mean(tf.cast(x, type))).outputs.values();
    expect(mean?.dtype).toBe('float32');
  }
});

test('tensors from outside, and kernels without a recorder, are refused; the backend from before is back', () => {
  const outside = tf.tensor([1, 2, 3]);
  expect(() => recordFunction((x) => tf.mul(x, outside))).toThrow(/Multiply got a tensor from outside/);
  expect(() => recordFunction((x) => tf.sin(x))).toThrow(/Sin/);
  expect(tf.getBackend()).toBe('wasm');
});
