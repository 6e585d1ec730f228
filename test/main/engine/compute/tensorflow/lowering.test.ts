import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../../../main/engine/compute/graph/builder.ts';
import { type Graph, type Node } from '../../../../../main/engine/compute/graph/graph.ts';
import { type Operation } from '../../../../../main/engine/compute/graph/operations.ts';
import { tensorflowEnvironment } from '../../../../../main/engine/compute/tensorflow/binding.ts';
import { listInstallations } from '../../../../../main/engine/compute/tensorflow/load.ts';
import { decodeSavedModel, encodeSavedModel } from '../../../../../main/engine/compute/tensorflow/messages.ts';
import { lowerProgram, setPort } from '../../../../../main/engine/compute/tensorflow/model.ts';
import { temporaryFolder } from '../../../../support/temporaryFolder.ts';

const inState = { state: new Set(['state/w']), compile: true };

/** w ← w - x · rate, and the mean of x. */
function small(): Graph {
  const build = new GraphBuilder();
  const w = build.input('state/w', [2], 'float32');
  const x = build.input('batch/x', [2], 'float32');
  const step = build.apply({ type: 'Mul' }, x, build.uniform(0.5, []));
  const outputs = new Map([
    ['state/w', build.apply({ type: 'Sub' }, w, step)],
    ['output/mean', build.apply({ type: 'Mean', axes: [0], keepDims: false }, x)],
  ]);
  return build.graph('small', outputs);
}

describe('a lowered program', () => {
  it('feeds the batch alone, keeps its weights out of the model, and assigns only after every read', () => {
    const { message, inputs, outputs, state } = lowerProgram(small(), inState);
    expect(inputs.map(({ name }) => name)).toEqual(['batch/x']);
    expect(outputs.map(({ name }) => name)).toEqual(['output/mean']);
    expect(state.map(({ name, written }) => [name, written])).toEqual([['state/w', true]]);
    const [step] = message.functions;
    const assign = step?.nodeDef.find(({ op }) => op === 'AssignVariableOp');
    const read = step?.nodeDef.find(({ op }) => op === 'ReadVariableOp');
    const allRead = step?.nodeDef.find(({ op }) => op === 'NoOp');
    expect(allRead?.input).toEqual([`^${read?.name ?? ''}`]);
    expect(assign?.input).toContain(`^${allRead?.name ?? ''}`);
    expect(step?.controlRet).toEqual({ [assign?.name ?? '']: assign?.name });
    expect(step?.signature.controlOutput).toEqual([assign?.name]);
    expect(step?.attr).toEqual({ _XlaMustCompile: { b: true }, _tf_data_function: { b: true } });
    expect(message.nodes.map(({ name }) => name)).toContain(setPort.split(':')[0]);
  });

  it('is not asked to be compiled where that is not wanted', () => {
    const { message } = lowerProgram(small(), { ...inState, compile: false });
    expect(JSON.stringify(message)).not.toContain('_XlaMustCompile');
  });

  it('writes a number that is everywhere once, whatever the size', () => {
    const build = new GraphBuilder();
    const x = build.input('batch/x', [1000, 1000], 'float32');
    const sum = build.apply({ type: 'Add' }, x, build.uniform(0.25, [1000, 1000]));
    const graph = build.graph('uniform', new Map([['output/y', sum]]));
    expect(encodeSavedModel(lowerProgram(graph, { state: new Set(), compile: true }).message).byteLength).toBeLessThan(
      2000,
    );
  });

  it('is read back from its bytes as it was written', () => {
    const { message } = lowerProgram(small(), inState);
    const [meta] = asList(decodeSavedModel(encodeSavedModel(message))['metaGraphs']);
    const graph = asRecord(asRecord(meta)['graphDef']);
    expect(asList(graph['node']).map((node) => asRecord(node)['name'])).toEqual(message.nodes.map(({ name }) => name));
    const [step] = asList(asRecord(graph['library'])['function']);
    expect(asList(asRecord(step)['nodeDef']).map((node) => asRecord(node)['input'] ?? [])).toEqual(
      message.functions[0]?.nodeDef.map(({ input }) => input),
    );
  });

  it('holds constants bit for bit', () => {
    fc.assert(
      fc.property(fc.float32Array({ minLength: 2, maxLength: 9 }), (values) => {
        const build = new GraphBuilder();
        const constant = build.constant(values, [values.length]);
        const x = build.input('batch/x', [values.length], 'float32');
        const graph = build.graph('constant', new Map([['output/y', build.apply({ type: 'Add' }, x, constant)]]));
        const { message } = lowerProgram(graph, { state: new Set(), compile: false });
        const written = message.functions[0]?.nodeDef.find(({ op }) => op === 'Const')?.attr['value'];
        const tensor = written !== undefined && 'tensor' in written ? written.tensor : undefined;
        const bytes = tensor?.tensorContent;
        const found =
          bytes === undefined
            ? new Float32Array(values.length).fill(tensor?.floatVal?.[0] ?? 0)
            : new Float32Array(bytes.slice().buffer);
        expect([...found].map((value, index) => Object.is(value, values[index]))).not.toContain(false);
      }),
    );
  });
});

function asRecord(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Error('not a message');
  return Object.fromEntries(Object.entries(value));
}

function asList(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new Error('not a list');
  return value;
}

/** The graph of one node, whose operation may be anything. */
function madeUp(operation: object): Graph {
  const build = new GraphBuilder();
  const x = build.input('batch/x', [2], 'float32');
  const y = build.apply({ type: 'Neg' }, x);
  const graph = build.graph('made up', new Map([['output/y', y]]));
  const nodes = graph.nodes.map((node): Node => ({ ...node, operation: operation as Operation }));
  return { ...graph, nodes };
}

describe('what is not known is refused', () => {
  it.each([
    [{ type: 'MadeUp' }, /does not know the operation MadeUp/],
    [{ type: 'Neg', alpha: 1 }, /Neg has an attribute .* does not know: alpha/],
    [{ type: 'Step', alpha: 1, beta: 2 }, /Step has an attribute .*: beta/],
    [{ type: 'Sum', axes: [0], keepDims: false, exclusive: true }, /Sum .*: exclusive/],
  ])('%j', (operation, sentence) => {
    expect(() => lowerProgram(madeUp(operation), { state: new Set(), compile: true })).toThrow(sentence);
  });
});

describe('what TensorFlow is told before it starts', () => {
  it('has the threads, and leaves them to it without', () => {
    expect(tensorflowEnvironment({ threads: 3 })).toMatchObject({ TF_NUM_INTRAOP_THREADS: '3' });
    expect(tensorflowEnvironment({})).not.toHaveProperty('TF_NUM_INTRAOP_THREADS');
  });

  it('keeps NaN in minima and maxima, and tells a library of another version no flag that would end it', () => {
    expect(tensorflowEnvironment({})['XLA_FLAGS']).toContain('--xla_cpu_enable_fast_min_max=false');
    expect(tensorflowEnvironment({})['XLA_FLAGS']).not.toContain('prefer_vector_width');
    expect(tensorflowEnvironment({ pinned: true })['XLA_FLAGS']).toContain('prefer_vector_width');
  });

  it('asks a GPU for float32 products and deterministic kernels, and knows where CUDA is', () => {
    const { XLA_FLAGS, NVIDIA_TF32_OVERRIDE } = tensorflowEnvironment({ gpu: true, cudaFolder: '/cuda' });
    expect(XLA_FLAGS).toBe('--xla_gpu_deterministic_ops=true --xla_gpu_cuda_data_dir=/cuda');
    expect(NVIDIA_TF32_OVERRIDE).toBe('0');
  });
});

it('nothing is found in an empty tools folder but what npm brought', () => {
  for (const { source } of listInstallations(temporaryFolder())) expect(source).toMatch(/^package /);
});
