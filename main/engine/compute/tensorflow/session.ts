import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFileDurably } from '../../../files/durable.ts';
import { removeFolder } from '../../../files/folders.ts';
import { type TensorflowBinding } from './binding.ts';
import { dataTypes } from './attributes.ts';
import { encodeSavedModel, servingTag } from './messages.ts';
import { type LoweredProgram, type Port, setPort } from './model.ts';

export type Numbers = Float32Array | Int32Array | Uint8Array;

/** A lowered program that is loaded: its variables live in TensorFlow's session until it is closed. */
export class ProgramSession {
  readonly program: LoweredProgram;
  readonly #binding: TensorflowBinding;
  readonly #session: number;
  readonly #inputNames: string;
  readonly #outputNames: string;

  private constructor(program: LoweredProgram, binding: TensorflowBinding, session: number) {
    this.program = program;
    this.#binding = binding;
    this.#session = session;
    this.#inputNames = names(program.inputs);
    this.#outputNames = names(program.outputs);
  }

  /** Errors: DISK_FULL and FILE_UNWRITABLE for the model's file, Error with TensorFlow's reason. */
  static async open(program: LoweredProgram, binding: TensorflowBinding): Promise<ProgramSession> {
    const folder = await mkdtemp(join(tmpdir(), 'decant-model-'));
    try {
      await writeFileDurably(join(folder, 'saved_model.pb'), encodeSavedModel(program.message));
      return new ProgramSession(program, binding, binding.loadSavedModel(folder, servingTag));
    } finally {
      // It is read when it is loaded, and not again.
      await removeFolder(folder);
    }
  }

  /** Sets all variables, in the program's order. The values are copied: TensorFlow would otherwise keep the caller's memory as its own. */
  set(values: readonly Float32Array[]): void {
    const { state } = this.program;
    if (state.length === 0) return;
    const fed = state.map((port, index) => {
      const given = values[index];
      if (given === undefined) throw new RangeError(`a value for ${port.name} is missing`);
      return { port, values: given.slice() };
    });
    const done = this.#run(fed, state.map(({ value }) => value).join(','), setPort);
    for (const id of done) this.#binding.deleteTensor(id);
  }

  /** All variables, in the program's order. */
  read(): Float32Array[] {
    const { state } = this.program;
    return state.length === 0 ? [] : this.#take(this.#run([], '', state.map(({ read }) => read).join(',')));
  }

  /** One step; `values` in the order of the program's inputs. The arrays may be used again afterwards. */
  step(values: readonly Numbers[]): Float32Array[] {
    const fed = this.program.inputs.map((port, index) => {
      const given = values[index];
      if (given === undefined) throw new RangeError(`input ${port.name} is missing`);
      return { port, values: given };
    });
    return this.#take(this.#run(fed, this.#inputNames, this.#outputNames));
  }

  close(): void {
    this.#binding.deleteSavedModel(this.#session);
  }

  #run(fed: readonly { port: Port; values: Numbers }[], inputNames: string, outputNames: string): number[] {
    const ids: number[] = [];
    try {
      for (const { port, values } of fed)
        ids.push(this.#binding.createTensor([...port.shape], dataTypes[port.dtype], values));
      return this.#binding.runSavedModel(this.#session, ids, inputNames, outputNames).map(({ id }) => id);
    } finally {
      for (const id of ids) this.#binding.deleteTensor(id);
    }
  }

  #take(ids: readonly number[]): Float32Array[] {
    return ids.map((id) => {
      const values = this.#binding.tensorDataSync(id);
      this.#binding.deleteTensor(id);
      return values instanceof Float32Array ? values : Float32Array.from(values);
    });
  }
}

function names(ports: readonly Port[]): string {
  return ports.map(({ port }) => port).join(',');
}
