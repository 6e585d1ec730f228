import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { startBackend } from '../../../../../main/engine/compute/backend.ts';
import { type Backend, type Program } from '../../../../../main/engine/compute/program.ts';
import { fusedAdam } from '../../../../../main/engine/compute/wasmKernels.ts';
import { requireTensor } from '../../../../../main/engine/tdmpc2/tensors.ts';
import { type TensorMap } from '../../../../../shared/tensor.ts';
import { expectWithin, normalTensor } from './support.ts';

let onnx: Backend;
let eager: Backend;
beforeAll(async () => {
  eager = await startBackend('wasm');
  onnx = await startBackend('onnx', { threads: 1 });
});

const shape = [3, 2];
const states = ['a', 'b', 'c', 'd'];

/** What makes a value from earlier ones; numbers choose which, whatever there is of them. */
const steps = ['neg', 'add', 'rows', 'flat', 'adam', 'part', 'adam'] as const;
interface Plan {
  made: { step: (typeof steps)[number]; from: number[] }[];
  /** Nothing: what Adam made of the state, or the state as it was. */
  states: (number | null)[];
  outputs: { of: number; rows: number | null }[];
}

const choice = fc.nat(1000);
const plans: fc.Arbitrary<Plan> = fc.record({
  made: fc.array(fc.record({ step: fc.constantFrom(...steps), from: fc.tuple(choice, choice, choice, choice) }), {
    maxLength: 6,
  }),
  states: fc.tuple(...states.map(() => fc.option(choice, { freq: 2 }))),
  outputs: fc.array(fc.record({ of: choice, rows: fc.option(fc.nat(2)) }), { maxLength: 3 }),
});

/** Four states and a batch, of which new values are made, some of them beside the model; any of them may be a state afterwards. */
function programOf(plan: Plan): Program {
  function run(state: ReadonlyMap<string, tf.Tensor>, batch: ReadonlyMap<string, tf.Tensor>) {
    const pool = [...states.map((name) => requireTensor(state, name)), requireTensor(batch, 'x')];
    const following = [...pool];
    const at = (index = 0): tf.Tensor => {
      const tensor = pool[index % pool.length];
      if (tensor === undefined) throw new RangeError('there is always a batch');
      return tensor;
    };
    for (const { step, from } of plan.made) {
      const [first, second, third, fourth] = from.map((index) => at(index));
      if (!first || !second || !third || !fourth) throw new RangeError('four are drawn');
      if (step === 'neg') pool.push(tf.neg(first));
      else if (step === 'add') pool.push(tf.mul(tf.add(first, second), 0.5));
      else if (step === 'rows') pool.push(tf.concat([tf.slice(first, [1, 0], [2, 2]), tf.slice(second, 0, 1)]));
      else if (step === 'flat') pool.push(tf.reshape(tf.slice(tf.reshape(first, [6]), 0, 6), [3, 2]));
      else if (step === 'part') pool.push(tf.add(tf.zeros(shape), tf.slice(first, [1, 0], [1, 2])));
      else {
        // Adam of a state, which goes on as what it becomes.
        const index = (from[0] ?? 0) % states.length;
        const scalars = { factor: tf.scalar(1), stepSize: tf.scalar(0.1), inverseCorrection: tf.scalar(1) };
        const before = { parameter: at(index), expAvg: second, expAvgSq: tf.square(third), gradient: fourth };
        const after = fusedAdam({ ...before, ...scalars }, { beta1: 0.9, beta2: 0.99, epsilon: 0.1 });
        following[index] = after[0];
        pool.push(...after);
      }
    }
    const outputs = plan.outputs.map(({ of, rows }, index): [string, tf.Tensor] => [
      `y${index}`,
      rows === null ? at(of) : tf.slice(at(of), [rows, 0], [1, 2]),
    ]);
    return {
      state: new Map(
        states.map((name, index) => {
          const chosen = plan.states[index];
          return [name, (chosen == null ? following[index] : at(chosen)) ?? at(index)];
        }),
      ),
      outputs: new Map(outputs),
    };
  }
  return { name: 'random', state: states, run };
}

async function history(backend: Backend, program: Program): Promise<Map<string, Float32Array>> {
  const all = new Map<string, Float32Array>();
  const compiled = backend.compile(program);
  compiled.load(new Map(states.map((name, index) => [name, normalTensor(shape, index + 1)])));
  for (let step = 0; step < 3; step++) {
    const batch: TensorMap = new Map([['x', normalTensor(shape, 100 + step)]]);
    for (const [name, values] of await compiled.step(batch, {})) all.set(`${step} ${name}`, values);
    for (const [name, { data }] of await compiled.read()) all.set(`${step} ${name}`, Float32Array.from(data, Number));
  }
  compiled.dispose();
  return all;
}

test('states that change places, share values and are read late end as the eager ones', async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const program = programOf(plan);
      const wanted = await history(eager, program);
      const found = await history(onnx, program);
      expect([...found.keys()]).toEqual([...wanted.keys()]);
      for (const [name, values] of wanted) expectWithin(found.get(name), values, 1e-5, name);
    }),
    { numRuns: 150 },
  );
});
