import * as onnxruntime from 'onnxruntime-node';
import { expect, test, vi } from 'vitest';
import { type GraphBuilder } from '../../../../../main/engine/compute/graph/builder.ts';
import { type Value } from '../../../../../main/engine/compute/graph/graph.ts';
import { Executable } from '../../../../../main/engine/compute/onnx/executable.ts';
import { stateInput, stateOutput } from '../../../../../main/engine/compute/trace/traceProgram.ts';
import { graphOf } from '../passes/support.ts';

const options = { runtime: onnxruntime, threads: 1 };
const names = ['weight', 'average', 'square'];

function adamOf(build: GraphBuilder, inputs: readonly Value[], gradient: Value): readonly Value[] {
  const scalars = [1, 0.1, 1].map((value) => build.uniform(value, []));
  return build.node({ type: 'Adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }, [...inputs, gradient, ...scalars]);
}

/** Adam of three states by an input, with other outputs made from the states before. */
async function adamExecutable(others: (build: GraphBuilder, weight: Value) => Record<string, Value>) {
  const graph = graphOf((build) => {
    const states = names.map((name) => build.input(stateInput(name), [2], 'float32'));
    const after = adamOf(build, states, build.input('gradient', [2], 'float32'));
    const [weight] = states;
    if (weight === undefined) throw new Error('there is a weight');
    const outputs = after.map((value, index) => [stateOutput(names[index] ?? ''), value] as const);
    return { ...Object.fromEntries(outputs), ...others(build, weight) };
  });
  const executable = await Executable.create(graph, options);
  const before = new Map(names.map((name, index) => [name, Float32Array.of(index + 1, index + 2)]));
  for (const [name, memory] of before) executable.feed(stateInput(name), memory);
  executable.feed('gradient', Float32Array.of(1, -1));
  await executable.run();
  return { executable, before, after: executable.takeStates(before) };
}

test('Adam writes where the states are', async () => {
  const { executable, before, after } = await adamExecutable(() => ({}));
  for (const name of names) expect(after.get(name)).toBe(before.get(name));
  expect(after.get('weight')?.[0]).toBeLessThan(1);
  await executable.dispose();
});

test('Adam leaves a state alone that is an output; the others go on where they were', async () => {
  const { executable, before, after } = await adamExecutable((_, weight) => ({ before: weight }));
  expect(after.get('weight')).not.toBe(before.get('weight'));
  expect(after.get('average')).toBe(before.get('average'));
  await executable.dispose();
});

test('a state that the model computes changes places with its output, without a copy', async () => {
  const graph = graphOf((build) => {
    const state = build.input(stateInput('x'), [2], 'float32');
    return { [stateOutput('x')]: build.apply({ type: 'Neg' }, state) };
  });
  const executable = await Executable.create(graph, options);
  const seen = new Set<unknown>();
  let memory: Float32Array = Float32Array.of(1, 2);
  for (let step = 1; step <= 4; step++) {
    executable.feed(stateInput('x'), memory);
    await executable.run();
    const after = executable.takeStates(new Map([['x', memory]])).get('x');
    if (!(after instanceof Float32Array)) throw new Error('the state is float32');
    expect([...after]).toEqual(step % 2 === 1 ? [-1, -2] : [1, 2]);
    expect(after).not.toBe(memory);
    seen.add(after);
    memory = after;
  }
  expect(seen.size).toBe(2);
  await executable.dispose();
});

test('inputs that are missing, unknown or of another length are refused', async () => {
  const graph = graphOf((build) => ({ y: build.apply({ type: 'Neg' }, build.input('x', [2], 'float32')) }));
  const executable = await Executable.create(graph, options);
  await expect(executable.run()).rejects.toThrow(/not in memory/);
  expect(() => executable.feed('z', new Float32Array(2))).toThrow(/no input z/);
  expect(() => executable.feed('x', new Float32Array(3))).toThrow(/3 values/);
  expect(() => executable.output('z')).toThrow(/no output z/);
  await executable.dispose();
});

test('every session is released, even where one cannot be', async () => {
  const made = vi.spyOn(onnxruntime.InferenceSession, 'create');
  const { executable } = await adamExecutable((build, weight) => ({
    // Looks at Adam's result, and so has to be a model after it.
    last: build.apply({ type: 'Neg' }, adamOf(build, [weight, weight, weight], weight)[0] ?? weight),
    first: build.apply({ type: 'Exp' }, weight),
  }));
  const sessions = made.mock.settledResults.flatMap((result) => (result.type === 'fulfilled' ? [result.value] : []));
  made.mockRestore();
  const releases = sessions.map((session) => vi.spyOn(session, 'release'));
  expect(releases).toHaveLength(2);
  releases[0]?.mockRejectedValueOnce(new Error('it is held'));
  await expect(executable.dispose()).rejects.toThrow('it is held');
  for (const release of releases) expect(release).toHaveBeenCalledOnce();
  await sessions[0]?.release();
});
