import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { startBackend } from '../../main/engine/compute/backend.ts';
import { type Backend, type CompiledProgram } from '../../main/engine/compute/program.ts';
import { floatTensor, type Tensor } from '../../shared/tensor.ts';
import { FixtureSet } from './fixtureSet.ts';
import { checkParity } from './parity.ts';
import { type ParityCase } from './parityUpdates.ts';
import { Report } from './report.ts';

const folder = join(import.meta.dirname, '../fixtures/tdmpc2/fixtures_dropout');
let eager: Backend;
let onnx: Backend;
beforeAll(async () => {
  eager = await startBackend('wasm');
  onnx = await startBackend('onnx', { threads: 1 });
});

async function failuresOf(backend: Backend, parity: ParityCase) {
  const failures: string[] = [];
  const report = new Report((line) => failures.push(line), false);
  await checkParity(await FixtureSet.open(folder, report), eager, backend, parity);
  return { report, failures };
}

const sizes = { updates: 3, seed: 11 };

test.each([
  { batchSize: 16, dropout: 0.01, distils: true },
  { batchSize: 9, dropout: 0, distils: false },
])('compiled updates agree with eager ones: %j', async (parity) => {
  const { report, failures } = await failuresOf(onnx, { ...parity, ...sizes });
  expect(failures).toEqual([]);
  expect(report.passed).toBeGreaterThan(300);
});

/** A backend that goes wrong a little. */
function changed(change: (compiled: CompiledProgram) => CompiledProgram): Backend {
  return { ...onnx, compile: (program) => change(onnx.compile(program)) };
}

test('rewards that are 1 % too high are noticed', async () => {
  const scaled = (tensor: Tensor) => {
    if (!(tensor.data instanceof Float32Array)) throw new TypeError('rewards are float32');
    return floatTensor(
      tensor.shape,
      tensor.data.map((value) => 1.01 * value),
    );
  };
  const backend = changed((compiled) => ({
    ...methodsOf(compiled),
    step: (batch, scalars) =>
      compiled.step(
        new Map([...batch].map(([name, tensor]) => [name, name === 'reward' ? scaled(tensor) : tensor])),
        scalars,
      ),
  }));
  const { failures } = await failuresOf(backend, { batchSize: 16, dropout: 0, distils: true, ...sizes });
  expect(failures.some((line) => line.includes('model_grad_preclip'))).toBe(true);
  expect(failures.some((line) => line.includes('bits'))).toBe(false);
});

test('bits that differ between runs are noticed', async () => {
  let runs = 0;
  const backend = changed((compiled) => {
    const run = runs++;
    return {
      ...methodsOf(compiled),
      step: (batch, scalars) => compiled.step(batch, { ...scalars, tau: (scalars['tau'] ?? 0) * (1 + run * 2 ** -20) }),
    };
  });
  const { failures } = await failuresOf(backend, { batchSize: 4, dropout: 0, distils: false, ...sizes, updates: 2 });
  expect(failures).toHaveLength(2);
  expect(failures.every((line) => line.includes('bits'))).toBe(true);
});

function methodsOf(compiled: CompiledProgram): CompiledProgram {
  return {
    load: (state) => compiled.load(state),
    step: (batch, scalars) => compiled.step(batch, scalars),
    read: () => compiled.read(),
    dispose: () => compiled.dispose(),
  };
}
