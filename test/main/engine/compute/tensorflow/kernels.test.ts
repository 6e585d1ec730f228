import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../../../../main/engine/compute/backend.ts';
import { eagerBackend } from '../../../../../main/engine/compute/eager.ts';
import { type Backend, type Outputs } from '../../../../../main/engine/compute/program.ts';
import { tensorflowBackend } from '../../../../../main/engine/compute/tensorflow/backend.ts';
import { caseBatch, caseProgram, type KernelCase, kernelFamilies } from '../kernelCases.ts';
import { isTensorflowHere } from './support.ts';

const eager = eagerBackend('eager');

/** What eager TF.js returns, on wasm or, where it lacks a kernel, on plain JavaScript. */
async function expectedOf(kernelCase: KernelCase, seed: number): Promise<Outputs> {
  try {
    return await resultsOf(eager, kernelCase, seed, true);
  } catch (error) {
    if (!String(error).includes("not registered for the backend 'wasm'")) throw error;
    await tf.setBackend('cpu');
    try {
      return await resultsOf(eager, kernelCase, seed, true);
    } finally {
      await tf.setBackend('wasm');
    }
  }
}

async function resultsOf(backend: Backend, kernelCase: KernelCase, seed: number, reference: boolean): Promise<Outputs> {
  const compiled = backend.compile(caseProgram(kernelCase, { reference }));
  compiled.load(new Map());
  try {
    return await compiled.step(caseBatch(kernelCase, seed), {});
  } finally {
    compiled.dispose();
  }
}

function largestError(expected: Float32Array, got: Float32Array | undefined): number {
  expect(got).toHaveLength(expected.length);
  return expected.reduce((worst, value, index) => {
    const other = got?.[index] ?? Number.NaN;
    if (Object.is(value, other) || value === other) return worst;
    const error = Math.abs(value - other) / Math.max(1, Math.abs(value));
    return Number.isNaN(error) ? Infinity : Math.max(worst, error);
  }, 0);
}

describe.skipIf(!isTensorflowHere())('every kernel and its gradient, against eager TF.js', { timeout: 300_000 }, () => {
  const backends: Record<string, Backend> = {};
  beforeAll(async () => {
    await startBackend('wasm');
    backends['plain'] = await tensorflowBackend({ threads: 1, plain: true });
    backends['with XLA'] = await tensorflowBackend({ threads: 1 });
  });

  describe.each(['plain', 'with XLA'])('%s', (kind) => {
    test.each(kernelFamilies)('$kernel', async ({ cases }) => {
      const backend = backends[kind];
      if (backend === undefined) throw new Error('TensorFlow did not start');
      await fc.assert(
        fc.asyncProperty(cases, fc.nat(1000), async (kernelCase, seed) => {
          const expected = await expectedOf(kernelCase, seed);
          const got = await resultsOf(backend, kernelCase, seed, false);
          expect([...got.keys()].sort()).toEqual([...expected.keys()].sort());
          for (const [name, values] of expected)
            expect(largestError(values, got.get(name)), `${kernelCase.name}: ${name}`).toBeLessThan(1e-5);
        }),
        { numRuns: kind === 'plain' ? 10 : 5 },
      );
    });
  });
});
