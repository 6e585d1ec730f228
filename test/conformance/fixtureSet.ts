import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Architecture } from '../../shared/architecture.ts';
import { type DistillationTerm } from '../../shared/configuration.ts';
import { correctionsSchema, type Hyperparameters, hyperparametersSchema } from '../../shared/hyperparameters.ts';
import { type FloatTensorMap, floatTensor, type Tensor, type TensorMap } from '../../shared/tensor.ts';
import { readSafetensors } from '../../main/formats/safetensors.ts';
import {
  architectureOfWeights,
  type Manifest,
  manifestSchema,
  type ScalarFile,
  scalarFileSchema,
} from './fixtureManifest.ts';
import { deviationOf, magnitude, numbersOf, readJson } from './numbers.ts';
import { type Report } from './report.ts';

const dtypeNames: Record<string, string> = {
  float32: 'torch.float32',
  float64: 'torch.float64',
  int64: 'torch.int64',
  uint8: 'torch.uint8',
};

/** One folder of fixtures: what it holds, its bounds, and which of its tensors have been judged. */
export class FixtureSet {
  readonly name: string;
  readonly directory: string;
  readonly report: Report;
  readonly manifest: Manifest;
  readonly architecture: Architecture;
  readonly hyperparameters: Hyperparameters;
  readonly corrections = correctionsSchema.parse({});
  readonly terms: DistillationTerm[];
  readonly #files: ReadonlyMap<string, TensorMap>;
  readonly #judged = new Set<string>();
  readonly #scalars: ScalarFile | undefined;

  private constructor(directory: string, report: Report, manifest: Manifest, files: ReadonlyMap<string, TensorMap>) {
    this.directory = directory;
    this.name = basename(directory);
    this.report = report;
    this.manifest = manifest;
    this.#files = files;
    const config = manifest.config ?? {};
    this.architecture = architectureOfWeights(this.tensors('weights_init'), config);
    this.hyperparameters = hyperparametersSchema.parse({
      horizon: config.horizon ?? 3,
      rho: config.rho ?? 0.5,
      consistencyCoef: config.consistency_coef ?? 20,
      rewardCoef: config.reward_coef ?? 0.1,
      valueCoef: config.value_coef ?? 0.1,
      entropyCoef: config.entropy_coef ?? 1e-4,
      lr: config.lr ?? 3e-4,
      encLrScale: config.enc_lr_scale ?? 0.3,
      gradClipNorm: config.grad_clip_norm ?? 20,
      tau: config.tau ?? 0.01,
      dropout: config.dropout ?? 0,
      logStdMin: config.log_std_min ?? -10,
      logStdMax: config.log_std_max ?? 2,
    });
    this.terms = [{ target: 'reward', coefficient: config.distill_alpha ?? 0.45, steps: 'first' }];
    const scalarPath = join(directory, 'scalar_deviation.json');
    if (existsSync(scalarPath)) this.#scalars = scalarFileSchema.parse(readJson(scalarPath));
  }

  static async open(directory: string, report: Report): Promise<FixtureSet> {
    const manifest = manifestSchema.parse(readJson(join(directory, 'manifest.json')));
    const files = new Map<string, TensorMap>();
    for (const file of readdirSync(directory).sort()) {
      if (!file.endsWith('.safetensors')) continue;
      files.set(basename(file, '.safetensors'), (await readSafetensors(join(directory, file))).tensors);
    }
    return new FixtureSet(directory, report, manifest, files);
  }

  has(file: string): boolean {
    return this.#files.has(file);
  }

  get fileNames(): string[] {
    return [...this.#files.keys()];
  }

  tensors(file: string): TensorMap {
    const tensors = this.#files.get(file);
    if (tensors === undefined) throw new Error(`${this.name} has no ${file}.safetensors`);
    return tensors;
  }

  tensor(file: string, name: string): Tensor {
    const tensor = this.tensors(file).get(name);
    if (tensor === undefined) throw new Error(`${this.name}/${file} has no tensor ${name}`);
    return tensor;
  }

  /** A tensor as float32, for feeding. */
  floats(file: string, name: string): Float32Array {
    const { data } = this.tensor(file, name);
    return data instanceof Float32Array ? data : Float32Array.from(numbersOf({ dtype: 'uint8', shape: [], data }));
  }

  integers(file: string, name: string): Int32Array {
    return Int32Array.from(numbersOf(this.tensor(file, name)));
  }

  initialParameters(): FloatTensorMap {
    const parameters: FloatTensorMap = new Map();
    for (const [name, { shape }] of this.tensors('weights_init'))
      parameters.set(name, floatTensor(shape, this.floats('weights_init', name)));
    return parameters;
  }

  deviation(file: string, name: string): { max_abs: number; max_mag: number } | undefined {
    const { max_abs, max_mag } = this.manifest.f32_vs_f64_deviation[file]?.[name] ?? {};
    return max_abs === undefined || max_mag === undefined ? undefined : { max_abs, max_mag };
  }

  /** 20 times the recorded deviation and 1e-6 of the magnitude. */
  bound(file: string, name: string): number {
    const recorded = this.deviation(file, name);
    return recorded === undefined ? 0 : 20 * recorded.max_abs + 1e-6 * recorded.max_mag;
  }

  /** 5 times the recorded deviation or bound, or 2e-4 of the value, whichever is larger. */
  scalarBound(kind: 'update_stats' | 'clip05_stats', name: string, update: number, value: number): number {
    const inManifest = kind === 'update_stats' ? this.manifest.scalar_f32_vs_f64_deviation : undefined;
    const recorded = this.#scalars?.[kind]?.[name] ?? inManifest?.[name];
    const bound = Math.max(recorded?.max_abs_dev ?? 0, recorded?.per_update[update]?.bound_abs ?? 0);
    return Math.max(5 * bound, 2e-4 * Math.abs(value));
  }

  markJudged(file: string, name: string): void {
    this.#judged.add(`${file}/${name}`);
  }

  /** Compares a recorded tensor with ours by the usual bound. */
  compare(file: string, name: string, ours: ArrayLike<number> | undefined): void {
    this.markJudged(file, name);
    const group = `${this.name}/${file}`;
    if (ours === undefined) this.report.fail(`${group} ${name}`, 'this program computes no such tensor');
    else this.report.check(group, name, deviationOf(ours, numbersOf(this.tensor(file, name))), this.bound(file, name));
  }

  /** A condition on a recorded input. */
  expect(file: string, name: string, what: string, good: boolean, why: string): void {
    this.markJudged(file, name);
    this.report.expect(`${this.name}/${file} ${name} ${what}`, good, why);
  }

  /** Hashes, shapes, dtypes and magnitudes as the manifest has them: what holds for every file. */
  checkFiles(): void {
    for (const [file, tensors] of this.#files) {
      const group = `${this.name}/${file}`;
      const hash = this.manifest.sha256?.[file];
      if (hash !== undefined) {
        const bytes = readFileSync(join(this.directory, `${file}.safetensors`));
        const found = createHash('sha256').update(bytes).digest('hex');
        this.report.expect(`${group} sha256`, found === hash, 'the file is not the recorded one');
      }
      const listed = this.manifest.tensors[file];
      if (listed === undefined) {
        if (file !== 'weights_init') this.report.fail(group, 'the manifest does not list this file');
        continue;
      }
      for (const [name, { shape, dtype }] of Object.entries(listed)) {
        const found = tensors.get(name);
        const good = found?.shape.join() === shape.join() && dtypeNames[found.dtype] === dtype;
        this.report.expect(`${group} ${name} shape and dtype`, good, `should be ${dtype} [${shape.join(', ')}]`);
      }
      for (const [name, tensor] of tensors) {
        if (!(name in listed)) this.report.fail(`${group} ${name}`, 'the manifest does not list this tensor');
        this.#checkMagnitude(file, name, tensor);
      }
    }
    for (const file of Object.keys(this.manifest.tensors))
      if (!this.#files.has(file)) this.report.note(`${this.name}/${file}.safetensors is absent`);
  }

  #checkMagnitude(file: string, name: string, tensor: Tensor): void {
    const recorded = this.deviation(file, name);
    if (recorded === undefined) return;
    const difference = Math.abs(magnitude(numbersOf(tensor)) - recorded.max_mag);
    const reason = 'largest magnitude, of the recorded file itself, against the float64 run';
    this.report.check(`${this.name}/${file}`, `${name} magnitude`, difference, recorded.max_abs * 1.01 + 1e-9, reason);
  }

  /** Fails for every tensor that nothing has judged. */
  checkAllJudged(): void {
    for (const [file, tensors] of this.#files)
      for (const name of tensors.keys())
        if (!this.#judged.has(`${file}/${name}`))
          this.report.fail(`${this.name}/${file} ${name}`, 'no check compares this tensor');
  }
}
