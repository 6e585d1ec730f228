import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { type LibraryPaths } from '../../files/library.ts';
import { floatValues } from './floats.ts';
import { moduleNames, moduleOf, type ModuleName } from './names.ts';
import { openStoredCheckpoint, type StoredCheckpoint } from './stored.ts';

/** Sums over the quantized weights of one module. */
interface ModuleSums {
  weights: number;
  nonZero: number;
  /** Sums of squares of the rounding error and of the unquantized weights, as the codes alone let estimate them. */
  estimatedErrorSquare: number;
  estimatedSquare: number;
  /** Against the unquantized twin, where there is one. */
  errorSquare: number;
  twinSquare: number;
  /** Weights that differ from the twin's by half a step at most: what rounding explains. */
  explained: number;
}

function stepOf(stored: StoredCheckpoint, name: string): number {
  const how = stored.quantization.get(name);
  if (how === undefined) return 0;
  return how.kind === 'perTensor' ? how.scale : Math.max(...how.scales);
}

/** Weights at most so many steps from zero are summed up when a Laplace distribution is fitted. */
const fittedSteps = 40;

/**
 * Mean squares, in steps, of weights and of their rounding error, for a Laplace distribution (which trained weights resemble)
 * of which the share `nonZero` lies beyond half a step: exp(-0.5 / b) = nonZero gives its scale b.
 */
function fittedSquares(nonZero: number): { error: number; weight: number } {
  const b = -0.5 / Math.log(nonZero);
  const slices = 200;
  let error = 0;
  for (let index = 0; index < fittedSteps * slices; index++) {
    const weight = (index + 0.5) / slices;
    const distance = weight - Math.round(weight);
    error += (distance * distance * Math.exp(-weight / b)) / b / slices;
  }
  return { error, weight: 2 * b * b };
}

/**
 * What one tensor's codes tell of the weights before rounding. Where most codes are not zero, the error is spread evenly over
 * a step (step^2 / 12); where most are zero, a distribution is fitted to their share; all zero tells nothing.
 */
function estimate(values: Float32Array, nonZero: number, step: number): { error: number; weight: number } {
  const { length } = values;
  if (nonZero === 0) return { error: 0, weight: 0 };
  if (nonZero > length / 2) {
    const square = values.reduce((sum, value) => sum + value * value, 0);
    return { error: (length * step * step) / 12, weight: square };
  }
  const { error, weight } = fittedSquares(nonZero / length);
  return { error: error * length * step * step, weight: weight * length * step * step };
}

/** Adds up one tensor. `twin` holds the same weights before quantization. */
function addTensor(sums: ModuleSums, values: Float32Array, step: number, twin: Float32Array | undefined): void {
  const half = (step / 2) * (1 + 1e-6);
  let nonZero = 0;
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? 0;
    if (value !== 0) nonZero += 1;
    if (twin === undefined) continue;
    const exact = twin[index] ?? 0;
    const error = value - exact;
    sums.errorSquare += error * error;
    sums.twinSquare += exact * exact;
    if (Math.abs(error) <= half) sums.explained += 1;
  }
  const estimated = estimate(values, nonZero, step);
  sums.estimatedErrorSquare += estimated.error;
  sums.estimatedSquare += estimated.weight;
  sums.weights += values.length;
  sums.nonZero += nonZero;
}

async function sumModules(
  stored: StoredCheckpoint,
  names: Iterable<string>,
  twin?: StoredCheckpoint,
): Promise<Map<ModuleName, ModuleSums>> {
  const modules = new Map<ModuleName, ModuleSums>();
  for (const name of names) {
    const module = moduleOf(name);
    if (module === undefined) continue;
    const sums = modules.get(module) ?? {
      weights: 0,
      nonZero: 0,
      estimatedErrorSquare: 0,
      estimatedSquare: 0,
      errorSquare: 0,
      twinSquare: 0,
      explained: 0,
    };
    const values = floatValues(await stored.file.read(name), stored.quantization.get(name));
    const exact = twin === undefined ? undefined : floatValues(await twin.file.read(name), undefined);
    addTensor(sums, values.data, stepOf(stored, name), exact?.data);
    modules.set(module, sums);
  }
  return modules;
}

const total = (modules: Map<ModuleName, ModuleSums>, key: keyof ModuleSums): number =>
  [...modules.values()].reduce((sum, module) => sum + module[key], 0);

/** Share of weights that rounding must explain for another file to count as the same weights unquantized. */
const twinShare = 0.99;

/**
 * Looks in the library for the weights that were quantized: same shapes, float, and nearly every quantized weight within half a
 * step. One small tensor is tried first, so that most files cost one read.
 */
async function findTwin(
  paths: LibraryPaths,
  stored: StoredCheckpoint,
): Promise<{ sha256: string; modules: Map<ModuleName, ModuleSums> } | undefined> {
  const names = [...stored.quantization.keys()];
  const [probe] = names;
  if (probe === undefined) return undefined;
  for (const file of (await readdir(paths.checkpoints)).filter((name) => /^[0-9a-f]{64}\.safetensors$/.test(name))) {
    const sha256 = basename(file, '.safetensors');
    try {
      await using candidate = await openStoredCheckpoint(paths, sha256);
      if (JSON.stringify(candidate.architecture) !== JSON.stringify(stored.architecture)) continue;
      if (names.some((name) => candidate.quantization.has(name))) continue;
      for (const tried of [[probe], names]) {
        const modules = await sumModules(stored, tried, candidate);
        if (total(modules, 'explained') < twinShare * total(modules, 'weights')) break;
        if (tried === names) return { sha256, modules };
      }
    } catch {
      // Another file that cannot be read is not this import's matter.
    }
  }
  return undefined;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const relative = (errorSquare: number, square: number): string =>
  square === 0 ? '1.000' : Math.sqrt(errorSquare / square).toFixed(3);
const grouped = (count: number): string => count.toLocaleString('en-US');

function byModule(modules: Map<ModuleName, ModuleSums>, text: (sums: ModuleSums) => string): string {
  return moduleNames
    .flatMap((name) => {
      const sums = modules.get(name);
      return sums === undefined ? [] : [`${name} ${text(sums)}`];
    })
    .join(', ');
}

/**
 * Sentences about a quantized checkpoint of the library: how many weights are left, counted, and the relative error by module
 * (norm of the difference by norm of the weights): measured against the unquantized weights where the library has them, else
 * estimated from the codes, and said to be.
 */
export async function quantizationWarnings(paths: LibraryPaths, sha256: string): Promise<string[]> {
  await using stored = await openStoredCheckpoint(paths, sha256);
  const names = [...stored.quantization.keys()];
  const steps = names.map((name) => stepOf(stored, name));
  const twin = await findTwin(paths, stored);
  const modules = twin?.modules ?? (await sumModules(stored, names));
  const least = Math.min(...steps);
  const most = Math.max(...steps);
  const scales = least === most ? `scale ${least.toFixed(least >= 1 ? 1 : 6)}` : `scales from ${least} to ${most}`;
  const nonZero = total(modules, 'nonZero');
  const weights = total(modules, 'weights');
  const remain = `int8 with ${scales}: of ${grouped(weights)} quantized weights ${grouped(nonZero)} (${percent(nonZero / weights)}) remain, the others are zero; by module ${byModule(modules, (sums) => percent(sums.nonZero / sums.weights))}`;
  const error =
    twin === undefined
      ? `relative error by module, estimated from the codes because the library does not hold the unquantized weights (import these first to have it measured): ${byModule(modules, (sums) => relative(sums.estimatedErrorSquare, sums.estimatedSquare))}`
      : `relative error by module, measured against the unquantized weights ${twin.sha256.slice(0, 12)} (norm of the difference by norm of the weights): ${byModule(modules, (sums) => relative(sums.errorSquare, sums.twinSquare))}`;
  return [remain, error];
}
