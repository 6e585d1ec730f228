import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../../../../main/engine/compute/backend.ts';
import { type Backend, type Outputs, type Program } from '../../../../../main/engine/compute/program.ts';
import { batchInput, resultOutput, traceProgram } from '../../../../../main/engine/compute/trace/traceProgram.ts';
import { type TensorMap } from '../../../../../shared/tensor.ts';
import { caseBatch, type KernelCase, caseProgram, kernelFamilies } from '../kernelCases.ts';
import { expectWithin, runOnnx } from './support.ts';

let eager: Backend;
let onnx: Backend;
beforeAll(async () => {
  eager = await startBackend('wasm');
  onnx = await startBackend('onnx', { threads: 1 });
});

async function compiledResults(backend: Backend, program: Program, batch: TensorMap): Promise<Outputs> {
  const compiled = backend.compile(program);
  compiled.load(new Map());
  const outputs = await compiled.step(batch, {});
  compiled.dispose();
  return outputs;
}

/** Eager results on wasm or, where it lacks a kernel, in plain JavaScript. */
async function eagerResults(kernelCase: KernelCase, batch: TensorMap): Promise<Outputs> {
  const program = caseProgram(kernelCase, { reference: true });
  try {
    return await compiledResults(eager, program, batch);
  } catch (error) {
    if (!String(error).includes("not registered for the backend 'wasm'")) throw error;
  }
  await tf.setBackend('cpu');
  try {
    return await compiledResults(eager, program, batch);
  } finally {
    await tf.setBackend('wasm');
  }
}

/** The case as it is recorded, without any pass over its graph. */
async function plainResults({ inputs, ...kernelCase }: KernelCase, batch: TensorMap): Promise<Outputs> {
  const types = new Map(inputs.map(({ shape, dtype }, index) => [`x${index}`, { shape, dtype }]));
  const program = caseProgram({ inputs, ...kernelCase });
  const graph = traceProgram(program, { state: new Map(), batch: types, scalars: [] });
  const results = await runOnnx(graph, new Map([...batch].map(([name, tensor]) => [batchInput(name), tensor])));
  const prefix = resultOutput('');
  return new Map([...results].map(([name, values]) => [name.slice(prefix.length), values]));
}

function expectSame(kernelCase: KernelCase, found: Outputs, wanted: Outputs): void {
  expect([...found.keys()].sort()).toEqual([...wanted.keys()].sort());
  for (const [name, values] of wanted) {
    const tolerance = (index: number) => 1e-5 * Math.max(1, Math.abs(values[index] ?? 0));
    expectWithin(found.get(name), values, tolerance, `${kernelCase.name}: ${name}`);
  }
}

describe('every kernel and its gradient, compiled and eager', () => {
  test.each(kernelFamilies)('$kernel', async ({ cases }) => {
    await fc.assert(
      fc.asyncProperty(cases, fc.nat(1000), async (kernelCase, seed) => {
        const batch = caseBatch(kernelCase, seed);
        const wanted = await eagerResults(kernelCase, batch);
        expectSame(kernelCase, await plainResults(kernelCase, batch), wanted);
        expectSame(kernelCase, await compiledResults(onnx, caseProgram(kernelCase), batch), wanted);
      }),
      { numRuns: 15 },
    );
  });
});
