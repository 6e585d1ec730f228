import { DecantError } from '../../../../shared/errors.ts';
import { floatTensor, type Tensor, type TensorMap } from '../../../../shared/tensor.ts';
import {
  type Backend,
  type Batch,
  type CompiledProgram,
  type Outputs,
  type Program,
  type Scalars,
} from '../program.ts';
import { requireState } from '../programState.ts';
import { Recent, shapesKept } from '../recent.ts';
import { fedValues, recordStep, stepKey } from '../recordStep.ts';
import { batchInput, resultOutput, scalarInput, stateInput } from '../trace/traceProgram.ts';
import { type TensorflowBinding } from './binding.ts';
import { capabilitiesOf } from './capabilities.ts';
import { loadTensorflow, type TensorflowOptions } from './load.ts';
import { lowerProgram } from './model.ts';
import { ProgramSession } from './session.ts';

/** Each program's state, in the session that stepped last. */
interface Variant {
  readonly session: ProgramSession;
  /** Names of the fed tensors, in the session's order: batch and scalars. */
  readonly feeds: readonly Feed[];
  /** The state that it holds is of this version; older ones are brought up before a step. */
  version: number;
}

type Feed = { readonly kind: 'batch'; readonly name: string } | { readonly kind: 'scalar'; readonly name: string };

/** A program recorded, lowered and run in sessions of TensorFlow: one for each shape of batch, of which a few are kept. */
class TensorflowProgram implements CompiledProgram {
  readonly #program: Program;
  readonly #binding: TensorflowBinding;
  readonly #compile: boolean;
  readonly #variants = new Recent<Variant>(shapesKept);
  #loaded: TensorMap | undefined;
  /** Where the newest state is: in the variant that stepped last, or in what was loaded. */
  #newest: Variant | undefined;
  #version = 0;

  constructor(program: Program, binding: TensorflowBinding, compile: boolean) {
    this.#program = program;
    this.#binding = binding;
    this.#compile = compile;
  }

  load(state: TensorMap): void {
    const loaded: TensorMap = requireState(this.#program, state);
    const same = this.#loaded === undefined || sameShapes(this.#loaded, loaded);
    if (!same) this.#close();
    this.#loaded = loaded;
    this.#newest = undefined;
    this.#version += 1;
  }

  async step(batch: Batch, scalars: Scalars): Promise<Outputs> {
    if (this.#loaded === undefined && this.#program.state.length > 0)
      throw new Error('load a state before the first step');
    const variant = await this.#variantFor(batch, scalars);
    this.#bringUp(variant);
    const values = variant.feeds.map(({ kind, name }) =>
      kind === 'scalar' ? Float32Array.of(scalarValue(scalars, name)) : fedValues(batchTensor(batch, name)),
    );
    const results = variant.session.step(values);
    const { state, outputs } = variant.session.program;
    if (state.some(({ written }) => written)) {
      this.#version += 1;
      variant.version = this.#version;
      this.#newest = variant;
    }
    const named = new Map<string, Float32Array>();
    outputs.forEach(({ name }, index) => {
      const result = results[index];
      if (result !== undefined && name !== '') named.set(name.slice(resultOutput('').length), result);
    });
    return named;
  }

  read(): Promise<TensorMap> {
    return Promise.resolve(this.#read());
  }

  dispose(): void {
    this.#close();
    this.#loaded = undefined;
    this.#newest = undefined;
  }

  #close(): void {
    for (const { session } of this.#variants.clear()) session.close();
  }

  #read(): TensorMap {
    const session = this.#newest?.session;
    if (session === undefined)
      return new Map([...(this.#loaded ?? [])].map(([name, tensor]) => [name, copied(tensor)]));
    const values = session.read();
    const read = new Map(
      session.program.state.map(({ name, shape }, index) => [name, floatTensor(shape, values[index])]),
    );
    // In the order in which the state was loaded.
    return new Map(
      [...(this.#loaded ?? [])].map(([name, tensor]) => [name, read.get(stateInput(name)) ?? copied(tensor)]),
    );
  }

  /** Gives a session the newest state, unless it has it. */
  #bringUp(variant: Variant): void {
    if (variant.version === this.#version) return;
    const state = this.#newest === undefined ? this.#loaded : this.#read();
    variant.session.set(
      variant.session.program.state.map(({ name }) => {
        const data = state?.get(name.slice(stateInput('').length))?.data;
        if (data instanceof Float32Array) return data;
        throw new RangeError(`${name} is no float32 state`);
      }),
    );
    variant.version = this.#version;
  }

  #giveUp(variant: Variant): void {
    // Steps of other shapes may have failed since: then the newest state is in the oldest session.
    if (variant === this.#newest) {
      this.#loaded = this.#read();
      this.#newest = undefined;
    }
    variant.session.close();
  }

  async #variantFor(batch: Batch, scalars: Scalars): Promise<Variant> {
    const names = Object.keys(scalars);
    const key = stepKey(batch, names);
    const known = this.#variants.get(key);
    if (known !== undefined) return known;
    const graph = recordStep(this.#program, this.#loaded ?? new Map<string, Tensor>(), batch, names);
    const state = new Set(this.#program.state.map(stateInput));
    const lowered = lowerProgram(graph, { state, compile: this.#compile });
    const session = await ProgramSession.open(lowered, this.#binding);
    const places = new Map<string, Feed>([
      ...[...batch.keys()].map((name) => [batchInput(name), { kind: 'batch', name }] as const),
      ...names.map((name) => [scalarInput(name), { kind: 'scalar', name }] as const),
    ]);
    const feeds = lowered.inputs.map(({ name }) => {
      const feed = places.get(name);
      if (feed === undefined) throw new Error(`nothing is fed to ${name}`);
      return feed;
    });
    const variant: Variant = { session, feeds, version: -1 };
    for (const old of this.#variants.set(key, variant)) this.#giveUp(old);
    return variant;
  }
}

function copied({ shape, data }: Tensor): Tensor {
  return floatTensor(shape, Float32Array.from(data as Float32Array));
}

function sameShapes(a: TensorMap, b: TensorMap): boolean {
  return [...a].every(([name, { shape }]) => b.get(name)?.shape.join(',') === shape.join(','));
}

function scalarValue(scalars: Scalars, name: string): number {
  const value = scalars[name];
  if (value === undefined) throw new RangeError(`the scalar ${name} is missing`);
  return value;
}

function batchTensor(batch: Batch, name: string): Tensor {
  const tensor = batch.get(name);
  if (tensor === undefined) throw new RangeError(`the batch has no ${name}`);
  return tensor;
}

export interface TensorflowBackendOptions extends TensorflowOptions {
  /** Never ask for XLA. */
  readonly plain?: boolean;
  /** Only with a GPU that it uses. */
  readonly needsGpu?: boolean;
}

/** Programs as sessions of TensorFlow, compiled by XLA where the library has it. Errors: BACKEND_UNAVAILABLE. */
export async function tensorflowBackend(options: TensorflowBackendOptions = {}): Promise<Backend> {
  const binding = loadTensorflow(options);
  const { xla, gpu, version } = await capabilitiesOf(binding);
  const { plain = false, needsGpu = false } = options;
  if (needsGpu && !gpu)
    throw new DecantError('BACKEND_UNAVAILABLE', `TensorFlow ${version} finds no GPU that it can use`);
  return {
    name: 'tensorflow',
    usesGpu: gpu,
    compiled: true,
    compile: (program) => new TensorflowProgram(program, binding, xla && !plain),
  };
}
