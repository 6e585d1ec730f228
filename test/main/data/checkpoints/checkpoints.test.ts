import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { architectureOfSize, modelSizes, type Architecture } from '../../../../shared/architecture.ts';
import { uniforms } from '../../../../shared/random.ts';
import { elementCount, floatTensor, type FloatTensorMap, type Tensor } from '../../../../shared/tensor.ts';
import { inferArchitecture, officialShapes } from '../../../../main/data/checkpoints/architectures.ts';
import { exportCheckpoint } from '../../../../main/data/checkpoints/exportCheckpoint.ts';
import { importCheckpoint } from '../../../../main/data/checkpoints/importCheckpoint.ts';
import { encodeQuantization } from '../../../../main/data/checkpoints/source.ts';
import { loadCheckpointParameters } from '../../../../main/data/checkpoints/stored.ts';
import { readTrainingCheckpoint, writeTrainingCheckpoint } from '../../../../main/data/checkpoints/training.ts';
import { recognise } from '../../../../main/data/recognise.ts';
import { setFaultHook } from '../../../../main/files/faults.ts';
import { checkpointFile } from '../../../../main/files/library.ts';
import { toFloat16, toFloat32, type Quantization } from '../../../../main/formats/convert.ts';
import { bytesOfData } from '../../../../main/formats/dtypes.ts';
import { readPtStateDict } from '../../../../main/formats/pt.ts';
import { writePt } from '../../../../main/formats/ptWrite.ts';
import { readSafetensors, writeSafetensors } from '../../../../main/formats/safetensors.ts';
import { temporaryFolder } from '../../../support/temporaryFolder.ts';
import { everythingIn, failure, temporaryLibrary } from '../support.ts';

const architecture = architectureOfSize(1);

/** Weights in [-1, 1) of an architecture, the same at every call. */
function randomWeights(of: Architecture = architecture, seed = 1): FloatTensorMap {
  const weights: FloatTensorMap = new Map();
  for (const [index, [name, shape]] of [...officialShapes(of)].entries())
    weights.set(
      name,
      floatTensor(
        shape,
        uniforms(seed, index, 99, elementCount(shape)).map((value) => 2 * value - 1),
      ),
    );
  return weights;
}

/** The same weights as the newer repository saves them: other Q names, a copy of the Qs, constants. */
function newerLayout(weights: FloatTensorMap): [string, Tensor][] {
  const part = ['weight', 'bias', 'ln.weight', 'ln.bias'];
  const renamed = [...weights].flatMap(([name, tensor]): [string, Tensor][] => {
    const match = /^_(target_)?Qs\.params\.(\d+)$/.exec(name);
    if (match === null) return [[name, tensor]];
    const tail = `${Math.floor(Number(match[2]) / 4)}.${part[Number(match[2]) % 4] ?? ''}`;
    if (match[1] !== undefined) return [[`_target_Qs_params.${tail}`, tensor]];
    return [
      [`_Qs.params.${tail}`, tensor],
      [`_detach_Qs_params.${tail}`, tensor],
    ];
  });
  return [
    ['_action_masks', { dtype: 'float32', shape: [30, 6], data: new Float32Array(180) }],
    ['log_std_min', { dtype: 'int64', shape: [], data: BigInt64Array.of(-10n) }],
    ['log_std_dif', { dtype: 'int64', shape: [], data: BigInt64Array.of(12n) }],
    ...renamed,
  ];
}

/** Bit for bit; `toEqual` takes seconds for millions of numbers. */
function expectSameTensors(actual: ReadonlyMap<string, Tensor>, expected: ReadonlyMap<string, Tensor>): void {
  expect([...actual.keys()]).toEqual([...expected.keys()]);
  for (const [name, tensor] of expected) {
    const other = actual.get(name);
    expect([name, other?.dtype, other?.shape]).toEqual([name, tensor.dtype, tensor.shape]);
    expect(Buffer.compare(Buffer.from(bytesOfData(other?.data ?? new Float32Array())), bytesOfData(tensor.data))).toBe(
      0,
    );
  }
}

afterEach(() => setFaultHook(undefined));

describe('officialShapes', () => {
  it.each([
    [1, 1_980_357],
    [5, 8_316_131],
    [19, 24_802_275],
    [48, 72_766_435],
    [317, 503_472_705],
  ] as const)('of size %iM hold %i numbers, and tell the architecture', (size, stored) => {
    const shapes = officialShapes(architectureOfSize(size));
    expect([...shapes.values()].reduce((sum, shape) => sum + elementCount(shape), 0)).toBe(stored);
    expect(inferArchitecture(shapes, 'file')).toEqual(architectureOfSize(size));
  });

  it('tell any number of Qs', () => {
    for (const size of modelSizes)
      expect(inferArchitecture(officialShapes(architectureOfSize(size, 3)), 'file').numQ).toBe(3);
  });
});

describe('inferArchitecture', () => {
  const refusal = async (shapes: Map<string, number[]>): Promise<string> => {
    const { code, detail } = await failure(() => inferArchitecture(shapes, 'file'));
    expect(code).toBe('ARCHITECTURE_UNKNOWN');
    return detail;
  };

  it('names the first tensor that differs from the nearest size', async () => {
    const narrow = officialShapes({ ...architectureOfSize(19), encDim: 1000 });
    expect(await refusal(narrow)).toBe(
      'file: tensor _encoder.state.0.weight is [1000, 88] where the nearest size, 19M, has [1024, 88]',
    );
    const shapes = officialShapes(architectureOfSize(5));
    shapes.set('_pi.1.weight', [512, 511]);
    expect(await refusal(shapes)).toContain('_pi.1.weight is [512, 511] where the nearest size, 5M, has [512, 512]');
    shapes.delete('_pi.1.weight');
    expect(await refusal(shapes)).toContain('_pi.1.weight is absent');
    const extra = officialShapes(architecture).set('_termination.0.weight', [1]);
    expect(await refusal(extra)).toContain('_termination.0.weight is [1] where the nearest size, 1M, has absent');
  });

  it('takes an official net of another environment', () => {
    const mt80 = { ...architectureOfSize(19), taskDim: 96, latentDim: 768, obsDim: 39, numTasks: 80 };
    expect(inferArchitecture(officialShapes(mt80), 'file')).toEqual(mt80);
    const wide = { ...architecture, obsDim: 39 };
    expect(inferArchitecture(officialShapes(wide), 'file')).toEqual(wide);
  });
});

describe('importCheckpoint', () => {
  it('gives one file for one set of weights, from .pt and .safetensors in both layouts', async () => {
    const folder = temporaryFolder();
    const paths = temporaryLibrary();
    const weights = randomWeights();
    await writePt(join(folder, 'old.pt'), weights);
    await writePt(join(folder, 'plain.pt'), weights, { root: 'plain' });
    await writePt(join(folder, 'new.pt'), newerLayout(weights));
    await writeSafetensors(join(folder, 'new.safetensors'), newerLayout(weights));
    const results = [];
    for (const name of ['old.pt', 'plain.pt', 'new.pt', 'new.safetensors']) {
      expect(await recognise(join(folder, name))).toBe('checkpoint');
      results.push(await importCheckpoint(paths, join(folder, name)));
    }
    expect(new Set(results.map(({ facts }) => facts.sha256)).size).toBe(1);
    expect(results.map(({ existed }) => existed)).toEqual([false, true, true, true]);
    expect(results.map(({ facts }) => facts.layout)).toEqual(['td-mpc-opt', 'td-mpc-opt', 'tdmpc2', 'tdmpc2']);
    const facts = results[2]?.facts;
    expect(facts).toMatchObject({ architecture, precision: 'fp32', parameters: 1_980_357, warnings: [] });
    expect(facts?.modules.find(({ name }) => name === 'encoder')).toEqual({
      name: 'encoder',
      parameters: 64_640,
      dtypes: ['float32'],
    });
    expectSameTensors(await loadCheckpointParameters(paths, { sha256: facts?.sha256 ?? '' }), weights);
    const few = await loadCheckpointParameters(paths, { sha256: facts?.sha256 ?? '' }, ['encoder', 'task_emb']);
    expect([...few.keys()].map((name) => name.split('.')[0])).toEqual([
      '_task_emb',
      ...new Array<string>(8).fill('_encoder'),
    ]);
  });

  it('keeps halves as halves', async () => {
    const folder = temporaryFolder();
    const paths = temporaryLibrary();
    const halves = [...randomWeights()].map(([name, tensor]): [string, Tensor] => [name, toFloat16(tensor)]);
    const file = await writePt(join(folder, 'half.pt'), halves);
    const { facts } = await importCheckpoint(paths, file.path);
    expect(facts.precision).toBe('fp16');
    expect(facts.bytes).toBeLessThan(4_000_000);
    const loaded = await loadCheckpointParameters(paths, facts);
    expect(loaded.get('_pi.0.weight')).toEqual(toFloat32(new Map(halves).get('_pi.0.weight') ?? floatTensor([0])));
  });

  it('keeps codes with their scale, and measures what they lost', async () => {
    const folder = temporaryFolder();
    const paths = temporaryLibrary();
    const weights = randomWeights();
    // In [-1, 1): with scale 1 half of them round to zero, and the error of a half relative to 1 / sqrt(3) is 0.5.
    const codes = [...weights].map(([name, { shape, data }]): [string, Tensor] => [
      name,
      { dtype: 'int8', shape, data: Int8Array.from(data, Math.round) },
    ]);
    const quantization = new Map<string, Quantization>(
      codes.map(([name]) => [name, { kind: 'perTensor', scale: 1, zeroPoint: 0 }]),
    );
    const metadata = { quantization: encodeQuantization(quantization) };
    await writeSafetensors(join(folder, 'int8.safetensors'), codes, metadata);
    const alone = await importCheckpoint(paths, join(folder, 'int8.safetensors'));
    expect(alone.facts.precision).toBe('int8');
    expect(alone.facts.warnings[0]).toMatch(
      /scale 1\.0: of 1,980,357 .* \(50\.\d %\) remain.*task_emb (49|50|51)\.\d %/,
    );
    expect(alone.facts.warnings[1]).toMatch(/estimated/);
    const loaded = await loadCheckpointParameters(paths, alone.facts);
    expect(loaded.get('_pi.0.weight')?.data).toEqual(weights.get('_pi.0.weight')?.data.map((w) => Math.round(w) + 0));

    const other = await writePt(join(folder, 'other.pt'), randomWeights(architecture, 2));
    await importCheckpoint(paths, other.path);
    const twin = await writePt(join(folder, 'twin.pt'), weights);
    const { facts } = await importCheckpoint(paths, twin.path);
    const measured = await importCheckpoint(paths, join(folder, 'int8.safetensors'));
    expect(measured.existed).toBe(true);
    expect(measured.facts.warnings[1]).toContain(facts.sha256.slice(0, 12));
    expect(measured.facts.warnings[1]).toMatch(/encoder 0\.(49|50)\d, dynamics 0\.(49|50)\d/);
  });

  it('refuses scales that do not fit the channels of their tensor', async () => {
    const folder = temporaryFolder();
    const name = '_pi.0.weight';
    const codes = [...randomWeights()].map(([tensor, { shape, data }]): [string, Tensor] => [
      tensor,
      { dtype: 'int8', shape, data: Int8Array.from(data, Math.round) },
    ]);
    const rows = new Map(codes).get(name)?.shape[0] ?? 0;
    const refused = async (channels: number, axis: number): Promise<string> => {
      const [scales, zeroPoints] = [new Float64Array(channels).fill(1), new BigInt64Array(channels)];
      const quantization = new Map<string, Quantization>(
        codes.map(([tensor]) => [tensor, { kind: 'perTensor', scale: 1, zeroPoint: 0 }]),
      ).set(name, { kind: 'perChannel', scales, zeroPoints, axis });
      const path = join(folder, `${channels}.safetensors`);
      await writeSafetensors(path, codes, { quantization: encodeQuantization(quantization) });
      return (await failure(() => importCheckpoint(temporaryLibrary(), path))).code;
    };
    expect(await refused(rows - 1, 0)).toBe('SAFETENSORS_INVALID');
    expect(await refused(rows, 2)).toBe('SAFETENSORS_INVALID');
    await expect(refused(rows, 0)).rejects.toThrow('it did not fail');
  });

  it('refuses weights that are no numbers, and leaves nothing', async () => {
    const folder = temporaryFolder();
    const paths = temporaryLibrary();
    const weights = randomWeights();
    const tensor = weights.get('_reward.1.bias');
    if (tensor !== undefined) tensor.data[3] = NaN;
    const file = await writePt(join(folder, 'nan.pt'), weights);
    const refused = await failure(() => importCheckpoint(paths, file.path));
    expect(refused.code).toBe('CHECKPOINT_NAN');
    expect(refused.detail).toContain('_reward.1.bias holds NaN at position 3');
    expect(await everythingIn(paths.checkpoints)).toEqual([]);
  });

  it('says so where a net is of another environment, and refuses one of no size', async () => {
    const folder = temporaryFolder();
    const paths = temporaryLibrary();
    const wide = await writePt(join(folder, 'wide.pt'), randomWeights({ ...architecture, obsDim: 39 }));
    const { facts } = await importCheckpoint(paths, wide.path);
    expect(facts.warnings.join()).toContain('observations of 39');
    const odd = await writePt(join(folder, 'odd.pt'), randomWeights({ ...architecture, mlpDim: 64, encDim: 32 }));
    expect((await failure(() => importCheckpoint(paths, odd.path))).code).toBe('ARCHITECTURE_UNKNOWN');
  });
});

describe('training checkpoints', () => {
  const moments = (): FloatTensorMap =>
    new Map([
      ['optim.exp_avg._reward.2.bias', floatTensor([101], uniforms(1, 1, 98, 101))],
      ['pi_optim.exp_avg_sq._pi.2.bias', floatTensor([12], uniforms(1, 2, 98, 12))],
    ]);

  it('come back as they went, bit for bit', async () => {
    const paths = temporaryLibrary();
    const state = { architecture, parameters: randomWeights(), moments: moments(), training: '{"step":7}' };
    const facts = await writeTrainingCheckpoint(paths, state);
    expect(facts).toMatchObject({ trainingState: true, parameters: 1_980_357, precision: 'fp32' });
    expect((await stat(checkpointFile(paths, facts.sha256))).size).toBe(facts.bytes);
    const read = await readTrainingCheckpoint(paths, facts.sha256);
    expect([read.architecture, read.training]).toEqual([architecture, state.training]);
    expectSameTensors(read.parameters, state.parameters);
    expectSameTensors(read.moments, state.moments);
    expect((await writeTrainingCheckpoint(paths, state)).sha256).toBe(facts.sha256);
    const stepped = await writeTrainingCheckpoint(paths, { ...state, training: '{"step":8}' });
    expect(stepped.sha256).not.toBe(facts.sha256);
  });

  it('are refused where they hold no training state or weights that diverged', async () => {
    const folder = temporaryFolder();
    const paths = temporaryLibrary();
    const model = await writePt(join(folder, 'model.pt'), randomWeights());
    const { facts } = await importCheckpoint(paths, model.path);
    expect((await failure(() => readTrainingCheckpoint(paths, facts.sha256))).code).toBe('CHECKPOINT_INCOMPLETE');
    const parameters = randomWeights();
    parameters.get('_pi.2.bias')?.data.fill(Infinity);
    const diverged = { architecture, parameters, moments: moments(), training: '{}' };
    expect((await failure(() => writeTrainingCheckpoint(paths, diverged))).code).toBe('CHECKPOINT_NAN');
    setFaultHook(({ bytesSoFar }) => (bytesSoFar > 1e6 ? { shortWrite: 1 } : undefined));
    const good = { ...diverged, parameters: randomWeights() };
    expect((await failure(() => writeTrainingCheckpoint(paths, good))).code).toBe('DISK_FULL');
    expect(await readdir(paths.checkpoints)).toEqual([`${facts.sha256}.safetensors`]);
  });
});

describe('exportCheckpoint', () => {
  it('writes the model alone, halves at half the size, with the error that they have', async () => {
    const paths = temporaryLibrary();
    const folder = temporaryFolder();
    const parameters = randomWeights();
    const moments: FloatTensorMap = new Map([['optim.exp_avg._pi.2.bias', floatTensor([12])]]);
    const { sha256 } = await writeTrainingCheckpoint(paths, { architecture, parameters, moments, training: '{}' });
    const options = { folder: join(folder, 'out'), name: 'my run: 1M/best', id: 'c-1' };
    const full = await exportCheckpoint(paths, { sha256 }, { ...options, format: 'safetensors', precision: 'fp32' });
    expect(full).toMatchObject({ file: 'my_run_1M_best-fp32.safetensors', maxAbsoluteError: 0, maxRelativeError: 0 });
    expectSameTensors((await readSafetensors(full.path)).tensors, parameters);
    for (const format of ['pt', 'safetensors'] as const) {
      const report = await exportCheckpoint(paths, { sha256 }, { ...options, format, precision: 'fp16' });
      expect((await stat(report.path)).size).toBe(report.bytes);
      expect(report.bytes / report.fp32Bytes).toBeLessThan(0.505);
      const read = format === 'pt' ? await readPtStateDict(report.path) : await readSafetensors(report.path);
      expect([...read.tensors.keys()]).toEqual([...parameters.keys()]);
      let worst = 0;
      for (const [name, tensor] of parameters) {
        const half = toFloat32(read.tensors.get(name) ?? tensor).data;
        for (const [index, value] of tensor.data.entries())
          worst = Math.max(worst, Math.abs((half[index] ?? 0) - value));
      }
      expect(report.maxAbsoluteError).toBe(worst);
      expect(worst).toBeGreaterThan(0);
      expect(report.maxRelativeError).toBeLessThan(2 ** -11 * 1.01);
    }
  });

  it('leaves a file alone that is called the same, and replaces only its own', async () => {
    const paths = temporaryLibrary();
    const folder = temporaryFolder();
    const { sha256 } = await writeTrainingCheckpoint(paths, {
      architecture,
      parameters: randomWeights(),
      moments: new Map(),
      training: '{}',
    });
    await writeFile(join(folder, 'a-fp16.safetensors'), 'another');
    const options = { folder, name: 'a', id: 'c-1', format: 'safetensors', precision: 'fp16' } as const;
    for (let time = 0; time < 2; time++)
      expect(await exportCheckpoint(paths, { sha256 }, options)).toMatchObject({ file: 'a-c-1-fp16.safetensors' });
    expect(await readFile(join(folder, 'a-fp16.safetensors'), 'utf8')).toBe('another');
    expect(await readdir(folder)).toHaveLength(2);
  });

  it('refuses weights that halves cannot hold', async () => {
    const paths = temporaryLibrary();
    const parameters = randomWeights();
    parameters.get('_dynamics.1.bias')?.data.fill(7e4);
    const { sha256 } = await writeTrainingCheckpoint(paths, {
      architecture,
      parameters,
      moments: new Map(),
      training: '{}',
    });
    const folder = temporaryFolder();
    const options = { folder, name: 'big', id: 'c-1', format: 'safetensors', precision: 'fp16' } as const;
    const refused = await failure(() => exportCheckpoint(paths, { sha256 }, options));
    expect(refused.code).toBe('CHECKPOINT_NAN');
    expect(await readdir(folder)).toEqual([]);
  });
});
